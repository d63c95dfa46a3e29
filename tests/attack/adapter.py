"""The adversarial corpus's view of this library: how it makes a verifier and which errors it may raise."""

import json
from typing import Any

from authjwks import ANY, AuthError, ConfigError, HttpOptions, Verifier, _core

ERRORS = (AuthError,)
ALGS = list(_core.ALGORITHMS)
KW = ("typ",)

LOOPBACK = HttpOptions(allow_http=True)


def make(
    jwks: dict[str, Any],
    issuer: str | None,
    audience: str | None,
    algorithms: list[str],
    leeway: float,
    typ: str | None = None,
) -> Verifier:
    return Verifier(
        issuer or ANY,
        audience or ANY,
        jwks=jwks,
        algorithms=algorithms,
        leeway=leeway,
        token_type=typ,
    )


def make_remote(url: str, issuer: str, audience: str, algorithms: list[str], leeway: float = 0, **_: Any) -> Verifier:
    return Verifier(issuer, audience, jwks_uri=url, algorithms=algorithms, leeway=leeway, http=LOOPBACK)


def make_discovery(
    url: str, issuer: str, audience: str, algorithms: list[str], leeway: float = 0, **_: Any
) -> Verifier:
    return Verifier(issuer, audience, discovery_url=url, algorithms=algorithms, leeway=leeway, http=LOOPBACK)


def source_of(jwks: dict[str, Any]) -> _core.KeySource:
    """A key set as `Verifier` takes it: one without a usable key is a mistake in the configuration."""
    try:
        return _core.KeySource.fixed(json.dumps(jwks))
    except ValueError as unusable:
        raise ConfigError("jwks holds no usable key") from unusable


def verify_jws(jwk: dict[str, Any], alg: str, signing_input: bytes, signature: bytes) -> bool:
    return _core.testing.verify_signature(source_of({"keys": [jwk]}), alg, jwk.get("kid"), signing_input, signature)


def verify_compact(jwks: dict[str, Any], algorithms: list[str], token: str) -> bytes:
    supported = [name for name in algorithms if name in ALGS]
    return _core.testing.open_compact(source_of(jwks), token, supported)
