"""Keys and tokens of an issuer whose URL nobody has to reach: its key set is served by the server under test."""

from __future__ import annotations

import time
from typing import Any

from authjwks.testing import SigningKey
from authjwks.testing.keys import acquire_private_key

ISSUER, AUDIENCE = "https://issuer.example", "https://api.example"


def new_key(kid: str, alg: str = "ES256") -> SigningKey:
    """A key that nobody else has."""
    return SigningKey(alg, kid, acquire_private_key(alg))


def mint(key: SigningKey, **more: Any) -> str:
    """An access token that is good for an hour; `more` adds claims or replaces them."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "user-1", "iat": now, "exp": now + 3600, **more}
    return key.sign_compact({"alg": key.alg, "typ": "at+jwt", "kid": key.kid}, claims)
