"""What the tests of a life cycle share: verifiers for a test issuer, verdicts as words, patience for what must come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import pytest

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


async def ask_and_leave(verifier: Verifier, token: str) -> None:
    """Have a task of asyncio's ask, and cancel it as soon as it waits."""
    waiting = asyncio.ensure_future(verifier.verify_async(token))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def verdicts_of_tasks(verifier: Verifier, token: str, count: int, backend: str = "asyncio") -> list[str]:
    """The verdicts that so many tasks get which ask at once, on an event loop of "asyncio" or "trio"."""
    verdicts = []

    async def ask() -> None:
        verdicts.append(await verdict_async(verifier, token))

    async def ask_at_once() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(count):
                tasks.start_soon(ask)

    anyio.run(ask_at_once, backend=backend)
    return verdicts


def served_until_renewed(verifier: Verifier, issuer: Issuer) -> int:
    """How many tokens were found good while fresh keys were renewed for the first time, which takes 0.4 s here."""
    token = issuer.mint()
    served = 0
    verifier.prefetch()
    with issuer.respond("/jwks", delay=0.4):
        while (before := health_of(verifier)).fetches < 2:
            assert verdict(verifier, token) == GOOD
            after = health_of(verifier)
            served += before.refreshing and after.refreshing and after.fetches == before.fetches
    return served


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
