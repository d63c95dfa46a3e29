"""Verdicts as words: the `sub` of a token that is accepted, or the code of its refusal."""

from __future__ import annotations

import asyncio

import anyio
import pytest
from tests.support.verifiers import health_of

from authjwks import AuthError, Verifier
from authjwks.testing import Issuer

GOOD = "user-1"
"""The verdict on a good token: its `sub`."""


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


async def cancel_while_waiting(verifier: Verifier, token: str) -> None:
    """Have a task of asyncio's ask, and cancel it as soon as it waits."""
    waiting = asyncio.ensure_future(verifier.verify_async(token))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


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
