"""What is timed: a case lies in a folder, from which every contestant, in whatever language, reads it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import NamedTuple

from benchmarks.tokens import AUDIENCE, ISSUER, Signer


class Case(NamedTuple):
    """One question that is put to several contestants.

    Attributes:
        name: also the name of its folder.
        algorithm: the JWS algorithm of its tokens.
        jwks: the key set, JSON.
        good: a token that must be accepted before anything is timed.
        tampered: one that must be refused.
        tokens: what is judged while the clock runs, one after the other, and then from the first on again.
        is_refused: whether these are to be refused.
        url: where the key set is served; "" where only the text is needed.
        must_fetch: whether the keys must come from `url` although the text is known.
        starts_fresh: whether each round has a verifier that has seen none of the tokens.
        parses_keys: whether the key set is read, instead of tokens.
        max_token_bytes: the longest token that a contestant with such a limit should look at.
    """

    name: str
    algorithm: str
    jwks: str
    good: str
    tampered: str
    tokens: tuple[str, ...]
    is_refused: bool = False
    url: str = ""
    must_fetch: bool = False
    starts_fresh: bool = False
    parses_keys: bool = False
    max_token_bytes: int = 16_384
    issuer: str = ISSUER
    audience: str = AUDIENCE


def write(case: Case, signer: Signer, root: Path) -> Path:
    """Lay a case down below `root`, with what a program in C needs beside it."""
    folder = root / case.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "case.json").write_text(json.dumps(case._asdict()))
    (folder / "jwks.json").write_text(case.jwks)
    signing_input, _, signature = case.good.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    (folder / "key.der").write_bytes(signer.der())
    (folder / "input").write_text(signing_input)
    (folder / "signature").write_bytes(_der_signature(raw) if case.algorithm.startswith("ES") else raw)
    return folder


def read(folder: Path) -> Case:
    """The case that `write` laid down."""
    fields = json.loads((folder / "case.json").read_text())
    return Case(**fields | {"tokens": tuple(fields["tokens"])})


def _der_signature(raw: bytes) -> bytes:
    """The form OpenSSL wants for ECDSA (RFC 3279 §2.2.3) of the one in a token (RFC 7518 §3.4)."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
