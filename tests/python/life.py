"""What the tests of a life cycle share: verifiers for a test issuer, verdicts as words, patience for what must come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from authjwks import AuthError, HttpOptions, Verifier
from authjwks.health import IssuerHealth
from authjwks.testing import Issuer

HTTP = HttpOptions(allow_http=True)
GOOD = "user-1"
"""The verdict on a good token: its `sub`."""

T = TypeVar("T")


def verifier_of(issuer: Issuer, /, **options: Any) -> Verifier:
    """One that finds the issuer's keys by discovery, over plain HTTP."""
    return Verifier(**{"issuer": issuer.issuer, "audience": issuer.audience, "http": HTTP, **options})


def verdict(verifier: Verifier, token: str) -> str:
    """The token's `sub`, or the code of its refusal."""
    try:
        return str(verifier.verify(token)["sub"])
    except AuthError as refused:
        return refused.code


async def verdict_async(verifier: Verifier, token: str) -> str:
    """As `verdict`, on an event loop."""
    try:
        return str((await verifier.verify_async(token))["sub"])
    except AuthError as refused:
        return refused.code


def health_of(verifier: Verifier) -> IssuerHealth:
    """The health of a verifier's only issuer."""
    (issuer,) = verifier.health().issuers
    return issuer


def eventually(condition: Callable[[], T], *, within: float = 30.0) -> T:
    """What `condition()` returns as soon as that is true; far more time is given than a busy machine needs."""
    end = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)
    return value
