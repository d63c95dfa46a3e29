"""The public interface of the native core: one object that knows its issuers and judges their tokens."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping

import authjwks._core as _core
from authjwks._option_checks import instance
from authjwks.errors import ConfigError
from authjwks.http_options import Fetch, HttpOptions
from authjwks.keys.callbacks import IssuerDecision, weak_callback
from authjwks.keys.events import EventListener
from authjwks.keys.greenlets import is_patched
from authjwks.keys.health import Health
from authjwks.keys.manager import KeyManager
from authjwks.keys.waiter import KeyWaiter
from authjwks.options import KeyOptions, TokenCacheOptions, Waived
from authjwks.policy import ExpectedClaims, claim_options, policy_options
from authjwks.telemetry.refusals import RefusalLog
from authjwks.telemetry.verdicts import VerdictDispatcher, VerdictListener

TYPE_CHECKING = False  # as `typing` has it, whose import would take longer than ours
if TYPE_CHECKING:
    from typing import Any


class Verifier:
    """Judges the bearer tokens of one issuer or several. Immutable; thread-safe, for any number of event loops, and
    usable after a fork.

    Args:
        issuer: what a token's `iss` must be, exactly; its keys are found from here (OpenID Connect Discovery 1.0 §4,
            then RFC 8414 §3). Several may be named, each with or without a "{tenant}" that stands for a name of
            letters, digits, "-", "_" and ".", or for one label of a host; a function may decide instead. Each issuer
            has keys of its own, unless `jwks_uri` or `jwks` says that all share a set; one that is named both with and
            without a slash at its end is one issuer. `ANY` takes any issuer whose token one of the keys signed.
        audience: one or more names, one of which must be in a token's `aud` (RFC 7519 §4.1.3); or `ANY`.
        algorithms: the JWS algorithms accepted, by `alg`; None for all that are known here.
        leeway: seconds of clock difference tolerated, 0 to 300.
        required_claims: names of claims without which a token is refused; may be empty.
        expected_claims: the value that a claim must have, or several in a set, frozenset, list or tuple, by its name.
            Each is a str, a bool, or an int of 64 bits; types count. A claim that is an array or an object never
            matches.
        token_type: the media type that a token's `typ` must name, such as "at+jwt" (RFC 9068 §4); None accepts that
            one, "JWT" and tokens without a type; or `ANY`.
        refuse_id_tokens: refuse what can be told to be an ID token by its claims: one with `nonce`, `at_hash`, `c_hash`
            or `s_hash`, or whose `token_use` is "id" or whose `typ` is "ID".
        accept_bound_tokens: accept tokens with a `cnf` (RFC 7800 §3.1), though nobody checks that the caller has the
            key or certificate that they are bound to.
        jwks_uri: where the keys are; no discovery then.
        jwks: the keys themselves, a JWK set as dict or JSON, or public keys in PEM; no network then.
        discovery_url: where the issuer's metadata is, if not below `issuer`.
        keys: how long keys serve.
        http: how the issuer is asked.
        fetch: performs the fetching instead; of `http`, only `timeout` and `allow_http` have an effect then.
        on_event: one listener or several, called with what happens to the keys, soon after, in a thread that uses this
            verifier.
        on_verdict: one listener or several, called with every verdict.
        log_refusals: the level at which each refusal is logged, in one line without any text of the token; None for
            not at all.
        token_cache: how many accepted tokens are cached; None for none.
        max_token_bytes: a longer token is refused unread; up to 1,048,576.

    Raises:
        ConfigError: when an option is missing, empty, of the wrong type or out of bounds; when more than one of
            `jwks_uri`, `jwks` and `discovery_url` is given, or none of them and `issuer` is `ANY`; when
            `discovery_url` is given with a template.
    """

    __slots__ = ("__weakref__", "_keys", "_native", "_trusted", "_verdicts")

    def __init__(
        self,
        issuer: str | Collection[str] | IssuerDecision | Waived = "",
        audience: str | Collection[str] | Waived = "",
        *,
        algorithms: str | Collection[str] | None = None,
        leeway: float = 30.0,
        required_claims: str | Collection[str] = ("exp",),
        expected_claims: ExpectedClaims | None = None,
        token_type: str | Waived | None = None,
        refuse_id_tokens: bool = False,
        accept_bound_tokens: bool = False,
        jwks_uri: str | None = None,
        jwks: Mapping[str, Any] | str | bytes | None = None,
        discovery_url: str | None = None,
        keys: KeyOptions = KeyOptions(),
        http: HttpOptions = HttpOptions(),
        fetch: Fetch | None = None,
        on_event: EventListener | Collection[EventListener] | None = None,
        on_verdict: VerdictListener | Collection[VerdictListener] | None = None,
        log_refusals: int | None = 10,  # logging.DEBUG, which takes long to import
        token_cache: TokenCacheOptions | None = TokenCacheOptions(),
        max_token_bytes: int = 16_384,
    ) -> None:
        self._trusted = (issuer, audience)
        policy = policy_options(audience, algorithms, leeway, token_type, max_token_bytes)
        claims = claim_options(required_claims, expected_claims, refuse_id_tokens, accept_bound_tokens)
        location = {"jwks_uri": jwks_uri, "jwks": jwks, "discovery_url": discovery_url}
        try:
            self._keys = KeyManager(issuer, location, keys=keys, http=http, fetch=fetch, on_event=on_event)
            self._verdicts = VerdictDispatcher(on_verdict, self._keys.labels) if on_verdict else None
            self._native = self._open_native(log_refusals, token_cache=_cache_limits(token_cache), **policy, **claims)
        except ValueError as error:
            raise ConfigError(str(error)) from None
        for each in (self, self._native):
            _core.defer_references(each)

    def _open_native(self, log_refusals: int | None, **options: Any) -> _core.Verifier:
        return _core.Verifier(
            self._keys.native,
            on_events=weak_callback(self._keys.events),
            on_verdict=None if self._verdicts is None else weak_callback(self._verdicts),
            on_refusal=RefusalLog(log_refusals, self._keys.labels).refused,
            **self._keys.trusted,
            **options,
        )

    def __repr__(self) -> str:
        issuer, audience = self._trusted
        return f"Verifier(issuer={issuer!r}, audience={audience!r})"

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a compact JWS (RFC 7515 §7.1) that passed every check; waits for keys when there are none yet.

        Where gevent has patched the standard library, other greenlets run during that wait. It has to do so before the
        first token of a process.

        Raises:
            MissingToken: when `token` is empty or None.
            InvalidToken: when it is refused; `code` says why.
            KeysUnavailable: when it cannot be judged, as the issuer's keys are not available.
            TypeError: when `token` is no str.
        """
        return _verify(self._native, token)

    async def verify_async(self, token: str) -> dict[str, Any]:
        """As `verify`, without blocking the event loop of asyncio or (extra `trio`) trio while it waits for keys."""
        verdict = self._native.verify_or_pending(token)
        while not isinstance(verdict, dict):
            await self._keys.waiter.wait(verdict)
            verdict = verdict.resume()
        return verdict

    def prefetch(self) -> None:
        """Wait until the keys of every named issuer are there, so that no request has to.

        Raises:
            KeysUnavailable: when those of one are not available; its `failure` and its cause say why.
        """
        self._keys.prefetch()

    def refresh(self) -> None:
        """Ask every issuer in use for its keys now, and wait. Keys at hand serve on when one does not answer.

        Raises:
            KeysUnavailable: when one did not; its `failure` and its cause say why.
        """
        self._keys.refresh()

    def health(self) -> Health:
        """The state of the keys; makes no request, and dispatches events that are still to be told."""
        return self._keys.health(self._native.cache_report())

    def close(self) -> None:
        """End all fetching for good. Keys at hand serve out their time."""
        self._keys.native.close()


def _cache_limits(token_cache: TokenCacheOptions | None) -> tuple[int, int] | None:
    if token_cache is None:
        return None
    checked = instance("token_cache", token_cache, TokenCacheOptions)
    return checked.max_bytes, checked.max_entries


def _verify_as_greenlet(native: _core.Verifier, token: str) -> dict[str, Any]:
    verdict = native.verify_or_pending(token)
    while not isinstance(verdict, dict):
        _waiter.wait_blocking(verdict)
        verdict = verdict.resume()
    return verdict


def _verify_first(native: _core.Verifier, token: str) -> dict[str, Any]:
    """Chooses how this process verifies: gevent may have patched after the import, or after a fork."""
    global _verify  # noqa: PLW0603 - asking each time would take a tenth of a cache hit
    _verify = _verify_as_greenlet if is_patched() else _core.Verifier.verify
    return _verify(native, token)


def _choose_anew() -> None:
    global _verify  # noqa: PLW0603 - as above
    _verify = _verify_first


_verify: Callable[[_core.Verifier, str], dict[str, Any]] = _verify_first
_waiter = KeyWaiter()  # for the greenlets of all verifiers, as the core also fetches for all by the same threads
os.register_at_fork(after_in_child=_choose_anew)
