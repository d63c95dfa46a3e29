"""More issuers hang than there are threads to wait for them: the others' tokens are never refused for it."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.faults.crew import verdict, verdict_async
from tests.faults.fault import Fault
from tests.faults.faulty_server import FaultyServer
from tests.faults.tokens import mint, new_key

from authjwks import Verifier

HANGING = 12


def by_thread(verifier: Verifier, token: str) -> str:
    return verdict(verifier, token)


def by_task(verifier: Verifier, token: str) -> str:
    return asyncio.run(verdict_async(verifier, token))


@pytest.mark.parametrize("verify", [by_thread, by_task])
def test_hanging_issuers_do_not_make_tokens_of_another_look_forged(
    server: FaultyServer, identity, make_verifier, verify
):
    old, new = new_key("old"), new_key("new")
    server.publish(old)
    verifier = make_verifier(timeout=0.5)
    verifier.verify(mint(old))
    server.publish(old, new)

    with FaultyServer(identity) as hanging, ThreadPoolExecutor(HANGING) as pool:
        hanging.fail(Fault.SLOW_HEADERS)
        others = [make_verifier(timeout=3.0, discovery_url=f"{hanging.base}/{n}") for n in range(HANGING)]
        waiting = [pool.submit(verdict, other, mint(old)) for other in others]
        while len(hanging.requests) < 8:
            time.sleep(0.01)
        first = verify(verifier, mint(new))
        known = verify(verifier, mint(old))
    later = verify(verifier, mint(new))

    assert {future.result() for future in waiting} == {"keys_unavailable"}
    assert known == "accepted"
    assert {first, later} <= {"accepted", "keys_unavailable"}


def test_tasks_do_not_wait_for_hanging_issuers_of_others(server: FaultyServer, identity, make_verifier):
    key = new_key("only")
    server.publish(key)
    server.serve_metadata()

    async def pass_by(verifier: Verifier, hung: list[str], well: str) -> tuple[str, float, list[str]]:
        waiting = asyncio.gather(*(verdict_async(verifier, token) for token in hung))
        await asyncio.sleep(0.2)
        began = time.monotonic()
        outcome = await verdict_async(verifier, well)
        return outcome, time.monotonic() - began, await waiting

    with FaultyServer(identity) as hanging:
        hanging.fail(Fault.SLOW_HEADERS)
        names = [f"{hanging.base}/{name}" for name in ("a", "b", "c")]
        verifier = make_verifier([*names, server.base], timeout=3.0)
        tokens = [mint(key, iss=name) for name in names]
        outcome, passed, others = asyncio.run(pass_by(verifier, tokens, mint(key, iss=server.base)))

    assert others == ["keys_unavailable"] * len(names)
    assert outcome == "accepted"
    assert passed < 1.5
