"""Keys for coroutines: nobody blocks a loop, and loops, tasks and threads share one verifier without noise."""

import asyncio
import gc
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest
import trio
from tests.support.verdicts import GOOD, cancel_while_waiting, verdict, verdict_async, verdicts_of_tasks
from tests.support.verifiers import health_of, verifier_of
from tests.support.waiting import eventually

from authjwks import ConfigError, ExpiredToken, HttpOptions, KeyOptions, KeysUnavailable
from authjwks.keys.waiter import KeyWaiter

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def waiting_threads():
    return [thread for thread in threading.enumerate() if thread.name == "authjwks"]


def at_once(coroutine):
    """What a coroutine returns that never leaves its caller's thread, nor waits for any loop."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    finally:
        coroutine.close()
    pytest.fail("it went away to wait")


# Warm


def test_warm_verification_needs_no_loop_and_no_thread(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.prefetch()
    before = set(threading.enumerate())

    assert at_once(verifier.verify_async(own_issuer.mint()))["sub"] == GOOD
    with pytest.raises(ExpiredToken):
        at_once(verifier.verify_async(own_issuer.mint(lifetime=-3600)))
    assert set(threading.enumerate()) <= before


def test_stale_keys_answer_at_once_while_their_issuer_fails(own_issuer):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=0.05))
    token = own_issuer.mint()
    verifier.prefetch()
    with own_issuer.outage():
        eventually(lambda: verdict(verifier, token) == GOOD and health_of(verifier).state == "stale")
        eventually(lambda: health_of(verifier).last_error)

        assert [at_once(verdict_async(verifier, token)) for _ in range(20)] == [GOOD] * 20


def test_unknown_keys_are_answered_at_once_when_no_more_may_be_asked(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.prefetch()
    flood = [own_issuer.mint(alg="Ed25519", headers={"kid": f"made up {number}"}) for number in range(200)]

    async def scenario():
        asked = [await verdict_async(verifier, token) for token in flood[:5]]
        return asked, [at_once(verdict_async(verifier, token)) for token in flood[5:]]

    assert asyncio.run(scenario()) == (["unknown_key"] * 5, ["keys_unavailable"] * 195)
    assert own_issuer.fetches["/jwks"] == 6


# Cold


@pytest.mark.slow
@BACKENDS
def test_cold_tasks_share_one_fetch(own_issuer, backend):
    with own_issuer.respond("/jwks", delay=0.3):
        assert verdicts_of_tasks(verifier_of(own_issuer), own_issuer.mint(), 200, backend) == [GOOD] * 200

    assert own_issuer.fetches["/jwks"] == 1


@pytest.mark.slow
@BACKENDS
def test_cold_tasks_share_one_failed_fetch(own_issuer, backend):
    with own_issuer.respond("/jwks", 503, delay=0.3):
        assert verdicts_of_tasks(verifier_of(own_issuer), own_issuer.mint(), 50, backend) == ["keys_unavailable"] * 50

    assert own_issuer.fetches["/jwks"] == 1


@pytest.mark.slow
@BACKENDS
def test_waiting_for_a_slow_issuer_does_not_block_the_loop(own_issuer, backend):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            await anyio.sleep(0.001)
            ticks += 1

    async def scenario():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(tick)
            answer = await verdict_async(verifier, token)
            tasks.cancel_scope.cancel()
        return answer

    with own_issuer.respond("/jwks", delay=1.0):
        assert anyio.run(scenario, backend=backend) == GOOD

    assert ticks > 50  # of the thousand that fit into the second; a loop that waits itself has one or two


@pytest.mark.slow
def test_waiting_for_an_unknown_key_does_not_delay_known_ones(own_issuer):
    verifier = verifier_of(own_issuer)
    known = own_issuer.mint()
    verifier.prefetch()
    own_issuer.rotate()

    async def scenario():
        waiting = asyncio.ensure_future(verdict_async(verifier, own_issuer.mint()))
        await asyncio.sleep(0)
        served = [at_once(verdict_async(verifier, known)) for _ in range(50)]
        return served, waiting.done(), await waiting

    with own_issuer.respond("/jwks", delay=0.3):
        assert asyncio.run(scenario()) == ([GOOD] * 50, False, GOOD)


# Many loops


@pytest.mark.slow
def test_loops_and_threads_share_one_fetch_and_get_right_verdicts(own_issuer):
    verifier = verifier_of(own_issuer)
    good, expired = own_issuer.mint(), own_issuer.mint(lifetime=-3600)
    tokens = [good, expired] * 250

    async def as_tasks():
        return await asyncio.gather(*(verdict_async(verifier, token) for token in tokens))

    def as_calls():
        return [verdict(verifier, token) for token in tokens]

    with own_issuer.respond("/jwks", delay=0.2), ThreadPoolExecutor(12) as threads:
        running = [threads.submit(asyncio.run, as_tasks()) for _ in range(4)]
        running += [threads.submit(as_calls) for _ in range(8)]
        answers = [each.result() for each in running]

    assert answers == [[GOOD, "expired"] * 250] * 12
    assert own_issuer.fetches["/jwks"] == 1


@pytest.mark.slow
def test_cold_loops_together_need_at_most_two_waiting_threads(own_issuer):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()
    before = set(waiting_threads())
    together = threading.Barrier(8)

    def loop():
        together.wait()
        return asyncio.run(verdict_async(verifier, token))

    with own_issuer.respond("/jwks", delay=0.3), ThreadPoolExecutor(8) as threads:
        running = [threads.submit(loop) for _ in range(8)]
        eventually(lambda: own_issuer.fetches["/jwks"])
        waiting = set(waiting_threads()) - before
        assert [each.result() for each in running] == [GOOD] * 8

    assert 1 <= len(waiting) <= 2


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "forgotten"])
def test_waiting_threads_end_when_their_verifier_is_closed_or_forgotten(own_issuer, is_closed):
    before = set(waiting_threads())
    verifier = verifier_of(own_issuer)
    assert asyncio.run(verdict_async(verifier, own_issuer.mint())) == GOOD

    if is_closed:
        verifier.close()
    else:
        del verifier
        gc.collect()

    eventually(lambda: set(waiting_threads()) <= before, within=5)


def test_uvloop_gets_the_same_verdicts(own_issuer):
    uvloop = pytest.importorskip("uvloop")
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()

    async def scenario():
        cold = await asyncio.gather(*(verdict_async(verifier, token) for _ in range(20)))
        return [*cold, await verdict_async(verifier, token)]

    with own_issuer.respond("/jwks", delay=0.2):
        assert uvloop.run(scenario()) == [GOOD] * 21

    assert own_issuer.fetches["/jwks"] == 1


# Without threads, without anyio


@pytest.fixture
def exhausted(monkeypatch):
    """While it is set, no thread can be started to wait for keys."""
    flag = threading.Event()
    start, run_sync = threading.Thread.start, anyio.to_thread.run_sync

    def start_unless_exhausted(thread):
        if flag.is_set() and thread.name == "authjwks":
            raise RuntimeError("can't start new thread")
        start(thread)

    def run_sync_unless_exhausted(*arguments, **options):
        if flag.is_set():
            raise RuntimeError("can't start new thread")
        return run_sync(*arguments, **options)

    monkeypatch.setattr(threading.Thread, "start", start_unless_exhausted)
    monkeypatch.setattr(anyio.to_thread, "run_sync", run_sync_unless_exhausted)
    return flag


@pytest.mark.slow
@BACKENDS
def test_tasks_get_503_without_threads_and_are_served_once_there_are_some(own_issuer, exhausted, backend):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()

    with own_issuer.respond("/jwks", delay=0.3):
        exhausted.set()
        assert verdicts_of_tasks(verifier, token, 20, backend) == ["keys_unavailable"] * 20
        exhausted.clear()
        assert verdicts_of_tasks(verifier, token, 20, backend) == [GOOD] * 20

    assert own_issuer.fetches["/jwks"] == 1


def test_threads_at_work_take_over_when_no_more_can_be_started(exhausted):
    waiter, released, done = KeyWaiter(), threading.Event(), threading.Event()
    waiter.start(lambda: released.wait(30))

    exhausted.set()
    waiter.start(done.set)
    released.set()

    assert done.wait(30)


class Pending:
    """A token whose verdict waits for an answer; how that ends is the test's choice."""

    def __init__(self, wait, *verdicts, timeout=60.0):
        self.source = Source(timeout)
        self.wait = wait
        self.verdicts = list(verdicts)

    def resume(self):
        return self.verdicts.pop(0)


class Source:
    def __init__(self, timeout):
        self.timeout = timeout


def fail():
    raise MemoryError


def test_failing_wait_leaves_nobody_hanging():
    waiter, pending = KeyWaiter(), Pending(fail)

    async def wait_several_times():
        for _ in range(3):
            await asyncio.wait_for(asyncio.gather(*(waiter.wait(pending) for _ in range(5))), 30)

    asyncio.run(wait_several_times())


def test_failing_work_is_logged_and_later_work_is_done(caplog):
    waiter, done = KeyWaiter(), threading.Event()

    for _ in range(20):
        waiter.start(fail)
    waiter.start(done.set)

    assert done.wait(30)
    assert "failed" in caplog.text


class NativeWhoseFetchesSettleNothing:
    """As when one refresh after the other is in progress that was not started for the token's key."""

    def __init__(self, fetches):
        self.fetches = fetches

    def verify_or_pending(self, token):
        self.fetches -= 1
        return {"sub": GOOD} if self.fetches < 0 else Pending(lambda: None, self.verify_or_pending(token))


def test_task_asks_again_when_several_fetches_have_settled_nothing(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier._native = NativeWhoseFetchesSettleNothing(fetches=5)

    assert asyncio.run(verifier.verify_async("a token"))["sub"] == GOOD


@pytest.mark.slow
@BACKENDS
def test_wait_past_its_time_gets_503_and_another_thread_takes_over(backend):
    waiter, released, waits = KeyWaiter(), threading.Event(), []

    def wait_for_ever():
        waits.append(1)
        released.wait(60)

    pending = Pending(wait_for_ever, timeout=0.0)

    async def wait():
        with pytest.raises(KeysUnavailable):
            await waiter.wait(pending)

    async def wait_twice():
        for _ in range(2):
            with anyio.fail_after(30):
                async with anyio.create_task_group() as tasks:
                    for _ in range(5):
                        tasks.start_soon(wait)

    try:
        anyio.run(wait_twice, backend=backend)
    finally:
        released.set()

    assert len(waits) >= 2


async def run_sync_of_an_older_anyio(func, *arguments, cancellable=False, limiter=None):
    """As it was before anyio 4.1."""


@pytest.mark.parametrize("anyio_is", ["absent", "outdated"])
def test_trio_without_a_recent_anyio_names_the_extra_to_install(own_issuer, monkeypatch, anyio_is):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()
    if anyio_is == "absent":
        monkeypatch.setitem(sys.modules, "anyio", None)
    else:
        monkeypatch.setattr(anyio.to_thread, "run_sync", run_sync_of_an_older_anyio)

    with pytest.raises(ConfigError, match=r"authjwks\[trio\]"):
        trio.run(verifier.verify_async, token)

    verifier.prefetch()
    assert trio.run(verdict_async, verifier, token) == GOOD


# Cancelled, timed out, closed


@pytest.mark.slow
@BACKENDS
def test_cancelled_tasks_do_not_stop_the_others_or_the_fetch(own_issuer, backend):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()
    verdicts = []

    async def ask():
        verdicts.append(await verdict_async(verifier, token))

    async def impatient(scope):
        with scope:
            await ask()

    async def scenario():
        scopes = [anyio.CancelScope() for _ in range(10)]
        async with anyio.create_task_group() as tasks:
            for scope in scopes:
                tasks.start_soon(impatient, scope)
                tasks.start_soon(ask)
            await anyio.to_thread.run_sync(eventually, lambda: own_issuer.fetches["/jwks"])
            for scope in scopes:
                scope.cancel()

    with own_issuer.respond("/jwks", delay=0.5):
        anyio.run(scenario, backend=backend)

    assert verdicts == [GOOD] * 10
    assert own_issuer.fetches["/jwks"] == 1


@pytest.mark.slow
@BACKENDS
def test_time_limit_of_a_task_is_kept_and_the_fetch_goes_on(own_issuer, backend):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()

    async def scenario():
        with anyio.move_on_after(0.1) as limit:
            await verifier.verify_async(token)
        still_fetching = health_of(verifier).refreshing
        return limit.cancelled_caught, still_fetching, await verdict_async(verifier, token)

    with own_issuer.respond("/jwks", delay=2.0):
        assert anyio.run(scenario, backend=backend) == (True, True, GOOD)

    assert own_issuer.fetches["/jwks"] == 1


@pytest.mark.slow
def test_many_cancelled_tasks_do_not_stop_the_keys_from_coming(own_issuer):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()

    async def scenario():
        for _ in range(200):
            await cancel_while_waiting(verifier, token)
        return await verdict_async(verifier, token)

    with own_issuer.respond("/jwks", delay=0.3):
        assert asyncio.run(scenario()) == GOOD

    assert own_issuer.fetches["/jwks"] == 1


@pytest.fixture
def noise(monkeypatch, caplog):
    """What asyncio logged, and what went wrong where nobody could be told."""
    caplog.set_level(logging.WARNING, "asyncio")
    caught = []
    monkeypatch.setattr("sys.unraisablehook", lambda raised: caught.append(raised.exc_value))
    monkeypatch.setattr(threading, "excepthook", lambda raised: caught.append(raised.exc_value))

    def heard():
        gc.collect()
        return [*caught, *(record.getMessage() for record in caplog.records if record.name == "asyncio")]

    return heard


@pytest.mark.slow
def test_loop_that_ends_while_a_task_waits_makes_no_noise(own_issuer, noise):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()

    async def leave():
        waiting = [asyncio.ensure_future(verifier.verify_async(token)) for _ in range(5)]
        await asyncio.to_thread(eventually, lambda: own_issuer.fetches["/jwks"])
        return [task.done() for task in waiting]

    with own_issuer.respond("/jwks", delay=0.5):
        assert asyncio.run(leave()) == [False] * 5
        assert asyncio.run(verdict_async(verifier, token)) == GOOD

    assert own_issuer.fetches["/jwks"] == 1
    assert noise() == []


@pytest.mark.slow
def test_loop_that_is_closed_while_a_task_waits_leaves_others_served(own_issuer, noise):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()
    loop = asyncio.new_event_loop()

    with own_issuer.respond("/jwks", delay=0.5):
        waiting = loop.create_task(verifier.verify_async(token))
        loop.run_until_complete(asyncio.sleep(0.1))
        loop.close()
        assert asyncio.run(verdict_async(verifier, token)) == GOOD

    assert not waiting.done()
    waiting._log_destroy_pending = False  # that one is left behind is this test's own doing
    del waiting
    assert noise() == []


def test_refused_tasks_get_errors_of_their_own_without_asyncio_noise(own_issuer, noise):
    verifier = verifier_of(own_issuer)

    async def scenario():
        tasks = [asyncio.ensure_future(verifier.verify_async(own_issuer.mint())) for _ in range(3)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    with own_issuer.outage():
        outcomes = asyncio.run(scenario())

    assert [type(outcome) for outcome in outcomes] == [KeysUnavailable] * 3
    assert len({id(outcome) for outcome in outcomes}) == 3  # each task has a traceback of its own
    assert noise() == []


@pytest.mark.slow
def test_close_answers_waiting_tasks(own_issuer):
    verifier = verifier_of(own_issuer, http=HttpOptions(timeout=3.0, allow_http=True))
    token = own_issuer.mint()

    async def scenario():
        waiting = asyncio.gather(*(verdict_async(verifier, token) for _ in range(5)))
        await asyncio.to_thread(eventually, lambda: own_issuer.fetches["/jwks"])
        verifier.close()
        return await waiting

    with own_issuer.respond("/jwks", delay=0.3):
        assert set(asyncio.run(scenario())) <= {GOOD, "keys_unavailable"}
