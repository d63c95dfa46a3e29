"""However many callers need keys, the issuer is asked once, and nobody waits who has the key they need."""

from __future__ import annotations

import asyncio
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.faults.crew import at_once, verdict, verdict_async
from tests.faults.fault import Fault
from tests.faults.faulty_server import FaultyServer
from tests.faults.tokens import mint, new_key

from authjwks import Verifier
from authjwks.testing import SigningKey

CALLERS = 200
STRANGERS = 1000
FLOODERS = 16
BURST = 5  # of fetches for unknown keys
DELAY = 2.0  # seconds that the fetch takes; known tokens must not feel it


def ask_by_threads(verifier: Verifier, tokens: list[str]) -> list[str]:
    return at_once(len(tokens), lambda number: verdict(verifier, tokens[number]))


def ask_by_tasks(verifier: Verifier, tokens: list[str]) -> list[str]:
    async def ask() -> list[str]:
        return await asyncio.gather(*(verdict_async(verifier, token) for token in tokens))

    return asyncio.run(ask())


@pytest.fixture(params=[ask_by_threads, ask_by_tasks], ids=["threads", "tasks"])
def ask(request):
    return request.param


@pytest.mark.parametrize(("fault", "expected"), [(None, "accepted"), (Fault.SERVER_ERROR, "keys_unavailable")])
def test_cold_callers_by_the_hundred_share_one_fetch(server: FaultyServer, make_verifier, ask, fault, expected):
    key = new_key("first")
    server.publish(key)
    server.serve_metadata()
    server.delay = 0.5
    if fault is not None:
        server.faulty_path = "/jwks"
        server.fail(fault)

    verdicts = ask(make_verifier(server.base), [mint(key, iss=server.base)] * CALLERS)

    assert verdicts == [expected] * CALLERS
    assert [request.path for request in server.requests] == ["/.well-known/openid-configuration", "/jwks"]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [(None, {"unknown_key", "keys_unavailable"}), (Fault.SLOW_HEADERS, {"keys_unavailable"})],
    ids=["slow", "hung"],
)
def test_unknown_keys_of_threads_cost_a_few_fetches_and_known_ones_never_wait(
    server: FaultyServer, make_verifier, fault, expected, capsys
):
    known, strangers = known_and_strangers(server)
    verifier = make_verifier()
    verifier.verify(known)
    server.delay = DELAY
    server.fail(fault)

    waits = []
    with ThreadPoolExecutor(FLOODERS) as pool:
        flood = [pool.submit(verdict, verifier, token) for token in strangers]
        while not all(waiting.done() for waiting in flood):
            began = time.monotonic()
            verifier.verify(known)
            waits.append(time.monotonic() - began)
            time.sleep(0.001)

    report(capsys, waits)
    assert {waiting.result() for waiting in flood} <= expected
    assert server.fetches() <= 1 + BURST + len(flood) // FLOODERS
    assert max(waits) < DELAY / 2


def test_unknown_keys_of_tasks_cost_two_fetches_and_known_ones_never_wait(server: FaultyServer, make_verifier, capsys):
    known, strangers = known_and_strangers(server)
    verifier = make_verifier()
    verifier.verify(known)
    server.delay = DELAY

    async def verify() -> tuple[set[str], list[float]]:
        flood = asyncio.gather(*(verdict_async(verifier, token) for token in strangers))
        waits = []
        while not flood.done():
            await asyncio.sleep(0.001)
            began = time.monotonic()
            await verifier.verify_async(known)
            waits.append(time.monotonic() - began)
        return set(await flood), waits

    verdicts, waits = asyncio.run(verify())

    report(capsys, waits)
    # One for the first of them, and one for all that came while that was under way.
    assert verdicts == {"unknown_key"}
    assert server.fetches() == 3
    assert max(waits) < DELAY / 2


def known_and_strangers(server: FaultyServer) -> tuple[str, list[str]]:
    """A token of the published key, and one each of a thousand that nobody knows."""
    known, foreign = new_key("known"), new_key("foreign")
    server.publish(known)
    return mint(known), [mint(SigningKey(foreign.alg, f"made up {n}", foreign.private)) for n in range(STRANGERS)]


def report(capsys: pytest.CaptureFixture[str], waits: list[float]) -> None:
    median, longest = statistics.median(waits) * 1000, max(waits) * 1000
    with capsys.disabled():
        print(f"\n{len(waits)} known tokens during the flood: median {median:.2f} ms, longest {longest:.2f} ms")
