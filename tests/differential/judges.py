"""The question that every library is asked: does this token pass, by this key set, for this issuer and audience?"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import joserfc.jwk
import joserfc.jwt
import jwt
from joserfc.jws import JWSRegistry

from authjwks import AuthError, Verifier

ISSUER, AUDIENCE = "https://issuer.example/", "api"
LEEWAY = 30
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Those that all of them know."""

ACCEPTED = "accepted"

Judge = Callable[[str, str], str]
"""From a key set's JSON text and a token to ACCEPTED, or to why it is refused."""


def reason(error: Exception) -> str:
    return getattr(error, "code", None) or type(error).__name__


@lru_cache(64)
def our_verifier(key_set: str) -> Verifier:
    return Verifier(ISSUER, AUDIENCE, jwks=key_set, algorithms=ALGORITHMS, leeway=LEEWAY)


def authjwks(key_set: str, token: str) -> str:
    try:
        our_verifier(key_set).verify(token)
    except AuthError as refused:
        return reason(refused)
    return ACCEPTED


@lru_cache(64)
def pyjwt_keys(key_set: str) -> jwt.PyJWKSet:
    return jwt.PyJWKSet.from_json(key_set)


def pyjwt(key_set: str, token: str) -> str:
    """As PyJWKClient chooses a key: by its name, among those meant for signatures."""
    options: Any = {"require": ["exp", "iss", "aud"]}
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
        named = [key for key in pyjwt_keys(key_set).keys if key.public_key_use in ("sig", None) and key.key_id]
        key = next(key for key in named if key.key_id == key_id)
        jwt.decode(token, key, ALGORITHMS, options, audience=AUDIENCE, issuer=ISSUER, leeway=LEEWAY)
    except Exception as refused:  # noqa: BLE001  # a peer that fails in an unforeseen way has not accepted
        return reason(refused)
    return ACCEPTED


@lru_cache(64)
def joserfc_keys(key_set: str) -> joserfc.jwk.KeySet:
    return joserfc.jwk.KeySet.import_key_set(json.loads(key_set))


CLAIMS = joserfc.jwt.JWTClaimsRegistry(
    leeway=LEEWAY,
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": AUDIENCE},
    exp={"essential": True},
)
REGISTRY = JWSRegistry(algorithms=ALGORITHMS)


def joserfc_(key_set: str, token: str) -> str:
    try:
        CLAIMS.validate(joserfc.jwt.decode(token, joserfc_keys(key_set), registry=REGISTRY).claims)
    except Exception as refused:  # noqa: BLE001  # as above
        return reason(refused)
    return ACCEPTED


JUDGES: dict[str, Judge] = {"authjwks": authjwks, "pyjwt": pyjwt, "joserfc": joserfc_}
