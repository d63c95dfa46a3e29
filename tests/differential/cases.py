"""What a case of the differential run is, and the issuer's side of it: keys, and tokens that any header or claims may
be signed in.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed448
from tests.differential.judges import ALGORITHMS, AUDIENCE, ISSUER

from authjwks.testing.keys import SigningKey, acquire_private_key, b64url

NOW = int(time.time())


@dataclass(frozen=True)
class Case:
    """One question to every judge."""

    mutation: str
    key_set: str
    token: str


Raw = str | bytes


@dataclass(frozen=True)
class Signer:
    """Signs any text as header and as payload."""

    key: SigningKey

    @property
    def header(self) -> dict[str, Any]:
        return {"alg": self.key.alg, "kid": self.key.kid}

    def jwk(self) -> dict[str, Any]:
        """SigningKey takes EdDSA for Ed25519; here it is either curve (RFC 8037 §3.1)."""
        on = {"crv": "Ed448"} if isinstance(self.key.private, ed448.Ed448PrivateKey) else {}
        return {**self.key.jwk(), **on}

    def token(self, header: Raw | None = None, payload: Raw | None = None) -> str:
        header = json.dumps(self.header) if header is None else header
        payload = json.dumps(claims()) if payload is None else payload
        signed = f"{b64url(_bytes(header))}.{b64url(_bytes(payload))}"
        return f"{signed}.{b64url(self.key.sign(signed.encode()))}"


def claims(**changed: Any) -> dict[str, Any]:
    """Good claims with these changes; None leaves one out."""
    all_of_them = {"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 86_400, "iat": NOW - 10, "sub": "ada", **changed}
    return {name: value for name, value in all_of_them.items() if value is not None}


def signers() -> list[Signer]:
    """One for each algorithm; EdDSA on Ed25519 and on Ed448."""
    made = [Signer(SigningKey(alg, f"key of {alg}", acquire_private_key(alg))) for alg in ALGORITHMS]
    return [*made, Signer(SigningKey("EdDSA", "key on Ed448", acquire_private_key("Ed448")))]


def key_set_of(keys: list[dict[str, Any]]) -> str:
    return json.dumps({"keys": keys})


def rounds(
    random: Random, table: dict[str, Any], at_least: int, make: Callable[[str, Any, Random], Case | None]
) -> Any:
    """Cases of every row of a table, over and over, until there are as many as wanted."""
    made = 0
    while made < at_least:
        for name, row in table.items():
            if (case := make(name, row, random)) is not None:
                made += 1
                yield case


def _bytes(text: Raw) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
