"""The public face of the native core: one object that knows its issuers and judges their tokens."""

from __future__ import annotations

from authjwks import _core
from authjwks.errors import ConfigError, InvalidToken, KeysUnavailable, refusal
from authjwks.events import EventHandler, Herald
from authjwks.functions import weakly
from authjwks.health import Health, health_of
from authjwks.hints import Any, Collection, Mapping
from authjwks.numbers import count, seconds
from authjwks.options import Fetch, HttpOptions, KeyOptions, TokenCacheOptions
from authjwks.sources import Keys, Location, is_template, open_keys, plain_fetch, remote_options, sources_of
from authjwks.texts import text, texts
from authjwks.trust import Admission, Trust, Waived
from authjwks.waiting import WaitingRoom

# In the core's words, "" is a token without a type.
_USUAL_TYPES = ("", "JWT", "at+jwt")
_MEBIBYTE = 1 << 20


class Verifier:
    """Judges the bearer tokens of one issuer or several. Immutable; safe for threads, event loops and forked processes.

    Args:
        issuer: what a token's `iss` must be, exactly; its keys are found from here (OpenID Connect Discovery 1.0 §4,
            then RFC 8414 §3). Several may be named, one of them with a "{tenant}" that stands for a name of letters,
            digits, "-", "_" and ".", or for one label of a host; a function may decide instead. Each issuer has keys
            of its own, unless these are in one place. `ANY` takes any issuer whose token one of the keys signed.
        audience: one or more names, one of which must be in a token's `aud` (RFC 7519 §4.1.3); or `ANY`.
        algorithms: the JWS algorithms accepted, by `alg`; None for all that are known here.
        leeway: seconds of clock difference forgiven, 0 to 300.
        required_claims: names of claims without which a token is refused; may be empty.
        token_type: the media type that a token's `typ` must name, such as "at+jwt" (RFC 9068 §4); None accepts that
            one, "JWT" and tokens without a type; or `ANY`.
        jwks_uri: where the keys are; no discovery then.
        jwks: the keys themselves, a JWK set as dict or JSON, or public keys in PEM; no network then.
        discovery_url: where the issuer's metadata is, if not below `issuer`.
        keys: how long keys serve.
        http: how the issuer is asked.
        fetch: performs the fetching instead; `http` counts for nothing then, but for `timeout` and `allow_http`.
        on_event: told what happens to the keys, soon after, in the thread of whoever uses this verifier next.
        token_cache: how many tokens that passed are remembered; None for none.
        max_token_bytes: a longer token is refused unread; up to 1,048,576.

    Raises:
        ConfigError: when an option is missing, empty, of the wrong type or out of bounds; when more than one of
            `jwks_uri`, `jwks` and `discovery_url` is given, or none of them and `issuer` is `ANY`.
    """

    __slots__ = ("__weakref__", "_admission", "_fetch", "_herald", "_keys", "_native", "_room")

    def __init__(
        self,
        issuer: str | Collection[str] | Trust | Waived = "",
        audience: str | Collection[str] | Waived = "",
        *,
        algorithms: str | Collection[str] | None = None,
        leeway: float = 30.0,
        required_claims: str | Collection[str] = ("exp",),
        token_type: str | Waived | None = None,
        jwks_uri: str | None = None,
        jwks: Mapping[str, Any] | str | bytes | None = None,
        discovery_url: str | None = None,
        keys: KeyOptions = KeyOptions(),
        http: HttpOptions = HttpOptions(),
        fetch: Fetch | None = None,
        on_event: EventHandler | None = None,
        token_cache: TokenCacheOptions | None = TokenCacheOptions(),
        max_token_bytes: int = 16_384,
    ) -> None:
        issuers, self._room, self._fetch = _issuers(issuer), WaitingRoom(), plain_fetch(fetch)
        try:
            options = remote_options(keys, http, self._fetch)
            self._keys = open_keys(issuers, Location(jwks_uri, jwks, discovery_url), options)
            many = issuers if isinstance(self._keys, _core.IssuerDirectory) else None
            self._herald = Herald(on_event, self._room, many, next(filter(is_template, issuers or ()), ""))
            self._native = _core.Verifier(
                self._keys,
                issuers=issuers if many is None else None,
                audiences=None if isinstance(audience, Waived) else texts("audience", _given("audience", audience)),
                algorithms=_core.ALGORITHMS if algorithms is None else texts("algorithms", algorithms),
                leeway=seconds("leeway", leeway, least=0.0),
                required_claims=texts("required_claims", required_claims, least=0),
                token_types=_token_types(token_type),
                max_token_bytes=count("max_token_bytes", max_token_bytes, most=_MEBIBYTE),
                on_news=weakly(self._herald),
                token_cache=_limits(token_cache),
            )
        except ValueError as error:
            raise ConfigError(str(error)) from None
        self._admission = _admission(issuer, self._keys, options)

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a compact JWS (RFC 7515 §7.1) that passed every check; waits for keys when there are none yet.

        Raises:
            MissingToken: when `token` is empty or None.
            InvalidToken: when it is refused; `code` says why.
            KeysUnavailable: when it cannot be judged, as the issuer's keys cannot be had.
        """
        try:
            return self._native.verify(token)
        except InvalidToken as refused:
            if self._admission is None or not self._admission.helps(token, refused):
                raise
        return self._native.verify(token)

    async def verify_async(self, token: str) -> dict[str, Any]:
        """As `verify`, without blocking the event loop of asyncio or (extra `trio`) trio: who needs new keys waits."""
        try:
            verdict = self._native.verify_warm(token)
        except InvalidToken as refused:
            if self._admission is None or not self._admission.helps(token, refused):
                raise
            verdict = self._native.verify_warm(token)
        while not isinstance(verdict, dict):
            source, is_conclusive = verdict
            await self._room.attend(source)
            verdict = self._native.verify_finally(token) if is_conclusive else self._native.verify_warm(token)
        return verdict

    def prefetch(self) -> None:
        """Wait until the keys of every named issuer are there, so that no request has to.

        Raises:
            KeysUnavailable: when those of one cannot be had.
        """
        failures = [failure for source in sources_of(self._keys) if (failure := _failure_to_prefetch(source))]
        if failures:
            raise failures[0]

    def refresh(self) -> None:
        """Ask every issuer in use for its keys now, and wait. What serves keeps serving when one does not answer.

        Raises:
            KeysUnavailable: when one did not.
        """
        failed = [source for source in sources_of(self._keys) if source.refresh() is not None]
        for source in sources_of(self._keys):
            self._herald(source)
        if failed:
            raise refusal(KeysUnavailable, "infrastructure", "keys_unavailable")

    def health(self) -> Health:
        """How the keys are doing; asks nobody, and tells events that nobody came by for."""
        sources = sources_of(self._keys)
        for source in sources:
            self._herald(source)
        return health_of(sources, self._native.cache_report())

    def close(self) -> None:
        """End all fetching for good. Keys that are there serve out their time."""
        self._keys.close()


def _failure_to_prefetch(source: _core.KeySource) -> KeysUnavailable | None:
    try:
        source.prefetch()
    except KeysUnavailable as failure:
        return failure
    return None


def _issuers(issuer: str | Collection[str] | Trust | Waived) -> tuple[str, ...] | None:
    if isinstance(issuer, Waived):
        return None
    if callable(issuer):
        return ()
    return texts("issuer", _given("issuer", issuer))


def _admission(
    issuer: str | Collection[str] | Trust | Waived, keys: Keys, options: _core.RemoteOptions
) -> Admission | None:
    if callable(issuer) and isinstance(keys, _core.IssuerDirectory):
        return Admission(issuer, keys, options)
    return None


def _given(option: str, value: Any) -> Any:
    if not value:
        raise ConfigError(f"{option} is missing: name it, or pass authjwks.ANY to do without")
    return value


def _limits(token_cache: TokenCacheOptions | None) -> tuple[int, int] | None:
    if token_cache is None or isinstance(token_cache, TokenCacheOptions):
        return token_cache
    raise ConfigError("token_cache must be an authjwks.TokenCacheOptions, or None")


def _token_types(token_type: str | Waived | None) -> tuple[str, ...] | None:
    if isinstance(token_type, Waived):
        return None
    return _USUAL_TYPES if token_type is None else (text("token_type", token_type),)
