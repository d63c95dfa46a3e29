"""The public face of the native core: one object that knows an issuer and judges its tokens."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, final

from authjwks import _core
from authjwks.errors import ConfigError, InvalidToken, MissingToken, refusal
from authjwks.options import HttpOptions, KeyOptions, seconds
from authjwks.texts import text, texts
from authjwks.waiting import WaitingRoom


@final
class Waived:
    """The type of `ANY`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ANY"


ANY: Final = Waived()
"""Says of an issuer, an audience or a token type that any will do."""

# In the core's words, "" is a token without a type.
_USUAL_TYPES: Final = ("", "JWT", "at+jwt")


class Verifier:
    """Judges the bearer tokens of one issuer. Immutable; safe from many threads, event loops and forked processes.

    Args:
        issuer: what a token's `iss` must be, exactly; its keys are found from here (OpenID Connect Discovery 1.0 §4,
            then RFC 8414 §3). `ANY` accepts whatever issuer a token names that one of the keys signed.
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
        max_token_bytes: a longer token is refused unread.

    Raises:
        ConfigError: when an option is missing, empty, of the wrong type or out of bounds; when more than one of
            `jwks_uri`, `jwks` and `discovery_url` is given, or none of them and `issuer` is `ANY`.
    """

    __slots__ = ("__weakref__", "_native", "_waiting_room")

    def __init__(
        self,
        issuer: str | Waived = "",
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
        max_token_bytes: int = 16_384,
    ) -> None:
        if not isinstance(max_token_bytes, int) or max_token_bytes < 1:
            raise ConfigError("max_token_bytes must be an int above zero")
        only_issuer = None if isinstance(issuer, Waived) else text("issuer", _given("issuer", issuer))
        try:
            self._native = _core.Verifier(
                _key_source(only_issuer, jwks_uri, jwks, discovery_url, keys, http),
                issuers=None if only_issuer is None else (only_issuer,),
                audiences=None if isinstance(audience, Waived) else texts("audience", _given("audience", audience)),
                algorithms=_core.ALGORITHMS if algorithms is None else texts("algorithms", algorithms),
                leeway=seconds("leeway", leeway, least=0.0),
                required_claims=() if required_claims in ((), []) else texts("required_claims", required_claims),
                token_types=_token_types(token_type),
                max_token_bytes=max_token_bytes,
            )
        except ValueError as error:
            raise ConfigError(str(error)) from None
        self._waiting_room = WaitingRoom()

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a compact JWS (RFC 7515 §7.1) that passed every check; waits for keys when there are none yet.

        Raises:
            MissingToken: when `token` is empty or None.
            InvalidToken: when it is refused; `code` says why.
            KeysUnavailable: when it cannot be judged, as the issuer's keys cannot be had.
        """
        return self._native.verify(_token(token))

    async def verify_async(self, token: str) -> dict[str, Any]:
        """As `verify`, without ever blocking the event loop: only a wait for keys leaves it, for another thread."""
        claims = self._native.verify_warm(_token(token))
        return await self._waiting_room.run(self._native.verify, token) if claims is None else claims


def _token(token: str) -> str:
    if isinstance(token, str) and token:
        return token
    if token is None or token == "":
        raise refusal(MissingToken, "request", "missing_token")
    raise refusal(InvalidToken, "parse", "malformed")


def _given(option: str, value: Any) -> Any:
    if not value:
        raise ConfigError(f"{option} is missing: name it, or pass authjwks.ANY to do without")
    return value


def _token_types(token_type: str | Waived | None) -> tuple[str, ...] | None:
    if isinstance(token_type, Waived):
        return None
    return _USUAL_TYPES if token_type is None else (text("token_type", token_type),)


def _key_source(
    issuer: str | None,
    jwks_uri: str | None,
    jwks: Mapping[str, Any] | str | bytes | None,
    discovery_url: str | None,
    keys: KeyOptions,
    http: HttpOptions,
) -> _core.KeySource:
    places = sum(place is not None for place in (jwks_uri, jwks, discovery_url))
    if places > 1:
        raise ConfigError("jwks_uri, jwks and discovery_url exclude each other")
    if places == 0 and issuer is None:
        raise ConfigError("with any issuer, one of jwks_uri, jwks and discovery_url must say where the keys are")
    if jwks is not None:
        return _core.KeySource.fixed(_key_set_text(jwks))
    return _core.KeySource.remote(
        issuer=issuer,
        discovery_url=None if discovery_url is None else text("discovery_url", discovery_url),
        jwks_uri=None if jwks_uri is None else text("jwks_uri", jwks_uri),
        ttl=keys.ttl,
        max_stale=keys.max_stale,
        cooldown=keys.cooldown,
        timeout=http.timeout,
        connect_timeout=http.connect_timeout,
        allow_http=http.allow_http,
        ca_file=http.ca_file,
        headers=http.headers,
    )


def _key_set_text(jwks: Mapping[str, Any] | str | bytes) -> str:
    if isinstance(jwks, str):
        return jwks
    if isinstance(jwks, bytes):
        return jwks.decode()
    if not isinstance(jwks, Mapping):
        raise ConfigError("jwks must be a dict, or JSON or PEM as str or bytes")
    import json

    try:
        return json.dumps(dict(jwks))
    except (TypeError, RecursionError):
        raise ConfigError("jwks must hold nothing but JSON") from None
