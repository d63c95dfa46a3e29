"""`fetch=`: keys that a function of the user fetches, in threads of Python, with the same life as all others."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import httpx
import pytest
import trio
from tests.support.verdicts import (
    GOOD,
    cancel_while_waiting,
    served_until_renewed,
    verdict,
    verdict_async,
    verdicts_of_tasks,
)
from tests.support.verifiers import OPENID, failure_code_of, health_of, verifier_of
from tests.support.waiting import eventually

from authjwks import ConfigError, HttpOptions, KeyOptions, KeysUnavailable
from authjwks.testing import Issuer

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def by_urllib(url, headers, timeout):
    """Raises for whatever is not a 200, as urllib does."""
    with DIRECT.open(urllib.request.Request(url, headers=headers), timeout=timeout) as answer:
        return answer.status, dict(answer.headers), answer.read()


def by_httpx(url, headers, timeout):
    """Hands over httpx's own headers, and every status."""
    answer = httpx.get(url, headers=headers, timeout=timeout, trust_env=False)
    return answer.status_code, answer.headers, answer.content


class Recorded:
    """A fetch that caches what it was asked, and by which threads; `now` does the work and may be replaced."""

    def __init__(self, now=by_urllib):
        self.now = now
        self.asked = []
        self.threads = set()

    def __call__(self, url, headers, timeout):
        self.asked.append((url, dict(headers), timeout))
        self.threads.add(threading.current_thread())
        return self.now(url, headers, timeout)

    def count(self, issuer):
        """How often the key set was asked for."""
        return sum(url == issuer.jwks_uri for url, _, _ in self.asked)


def fails(url, headers, timeout):
    raise ConnectionError("a remote secret")


@pytest.mark.parametrize("fetch", [by_urllib, by_httpx])
def test_real_clients_fetch_metadata_and_keys(own_issuer, fetch):
    recorded = Recorded(fetch)
    verifier = verifier_of(own_issuer, fetch=recorded, http=HttpOptions(timeout=4.0, allow_http=True))

    assert verdict(verifier, own_issuer.mint()) == GOOD
    assert verdict(verifier, own_issuer.mint()) == GOOD

    assert [url for url, _, _ in recorded.asked] == [own_issuer.issuer + OPENID, own_issuer.jwks_uri]
    assert all(headers["Accept"] == "application/json" for _, headers, _ in recorded.asked)
    assert all(type(url) is str and 0 < timeout <= 4.0 for url, _, timeout in recorded.asked)
    assert health_of(verifier).fetches == 1


@pytest.mark.slow
@pytest.mark.parametrize("fetch", [by_urllib, by_httpx])
def test_real_clients_get_503_in_an_outage_and_recover(own_issuer, fetch):
    verifier = verifier_of(own_issuer, fetch=fetch)
    token = own_issuer.mint()

    with own_issuer.outage():
        assert verdict(verifier, token) == "keys_unavailable"
        assert failure_code_of(verifier) in ("server_error", "fetch_raised")

    eventually(lambda: verdict(verifier, token) == GOOD)


def test_unknown_key_is_asked_for_with_no_cache(own_issuer):
    recorded = Recorded()
    verifier = verifier_of(own_issuer, jwks_uri=own_issuer.jwks_uri, fetch=recorded)
    verifier.prefetch()
    own_issuer.rotate()

    assert verdict(verifier, own_issuer.mint()) == GOOD

    assert [headers.get("Cache-Control") for _, headers, _ in recorded.asked] == ["no-cache", "no-cache"]


def test_next_refresh_follows_cache_headers(own_issuer):
    own_issuer.cache_control = "max-age=300"
    verifier = verifier_of(own_issuer, fetch=by_httpx)

    verifier.prefetch()

    keys = health_of(verifier)
    assert 0.75 * 300 - 0.1 <= keys.age + keys.next_refresh <= 0.8 * 300 + 0.1


def key_set(issuer):
    return json.dumps(issuer.jwks()).encode()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda keys: (HTTPStatus.OK, {}, keys), id="status_as_enum"),
        pytest.param(lambda keys: [200, {}, keys], id="list"),
        pytest.param(lambda keys: (200, {"ETag": "", "X": "\xe4"}, keys), id="odd_headers"),
        pytest.param(lambda keys: (200, [("Age", "1")], keys), id="headers_as_pairs"),
    ],
)
def test_answers_of_other_good_shapes_are_accepted(own_issuer, answer):
    verifier = verifier_of(own_issuer, jwks_uri=own_issuer.jwks_uri, fetch=lambda *_: answer(key_set(own_issuer)))

    assert verdict(verifier, own_issuer.mint()) == GOOD


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        pytest.param(lambda keys: None, "fetch_raised", id="none"),
        pytest.param(lambda keys: keys, "fetch_raised", id="body_alone"),
        pytest.param(lambda keys: (200, keys), "fetch_raised", id="pair"),
        pytest.param(lambda keys: (), "fetch_raised", id="nothing"),
        pytest.param(lambda keys: {"status": 200}, "fetch_raised", id="dict"),
        pytest.param(lambda keys: ("200", {}, keys), "fetch_raised", id="status_as_text"),
        pytest.param(lambda keys: (None, {}, keys), "fetch_raised", id="no_status"),
        pytest.param(lambda keys: (2**80, {}, keys), "fetch_raised", id="status_too_large"),
        pytest.param(lambda keys: (200, None, keys), "fetch_raised", id="no_headers"),
        pytest.param(lambda keys: (200, {"Age": 5}, keys), "fetch_raised", id="header_not_text"),
        pytest.param(lambda keys: (200, {5: "Age"}, keys), "fetch_raised", id="header_name_not_text"),
        pytest.param(lambda keys: (200, {"X": "\ud800"}, keys), "fetch_raised", id="header_not_utf_8"),
        pytest.param(lambda keys: (200, {}, keys.decode()), "fetch_raised", id="body_as_text"),
        pytest.param(lambda keys: (200, {}, None), "fetch_raised", id="no_body"),
        pytest.param(lambda keys: (200, {}, 5), "fetch_raised", id="body_a_number"),
        pytest.param(lambda keys: (200, {}, b" " * (2**20) + keys), "too_large", id="huge_body"),
        pytest.param(lambda keys: (200, {"X": "x" * 2**17}, keys), "too_large", id="huge_headers"),
        pytest.param(lambda keys: (500, {}, keys), "server_error", id="status_500"),
        pytest.param(lambda keys: (302, {"Location": "https://elsewhere.example"}, b""), "redirected", id="redirect"),
        pytest.param(lambda keys: (304, {}, b""), "bad_status", id="not_modified_unasked"),
        pytest.param(lambda keys: (200, {}, b"{}"), "not_a_key_set", id="no_keys"),
        pytest.param(lambda keys: (200, {}, b"\xff"), "not_json", id="no_json"),
    ],
)
def test_answers_of_bad_shapes_are_failures_and_leave_the_keys_in_place(own_issuer, answer, word):
    recorded = Recorded()
    verifier = verifier_of(own_issuer, jwks_uri=own_issuer.jwks_uri, fetch=recorded)
    token, keys = own_issuer.mint(), key_set(own_issuer)
    verifier.prefetch()
    recorded.now = lambda *_: answer(keys)

    with pytest.raises(KeysUnavailable):
        verifier.refresh()

    assert failure_code_of(verifier) == word
    assert verdict(verifier, token) == GOOD


class Odd(BaseException):
    """What is no `Exception`, as some libraries raise it."""


@pytest.mark.parametrize(
    "error",
    [ConnectionError("a remote secret"), ValueError("a remote secret"), SystemExit(3), MemoryError(), Odd("secret")],
    ids=lambda error: type(error).__name__,
)
def test_exception_of_a_fetch_becomes_keys_unavailable_and_never_leaks(own_issuer, error, caplog):
    def fetch(url, headers, timeout):
        raise error

    verifier = verifier_of(own_issuer, fetch=fetch)

    with pytest.raises(KeysUnavailable) as unavailable:
        verifier.verify(own_issuer.mint())

    assert unavailable.value.__cause__ is unavailable.value.__context__ is None
    assert asyncio.run(verdict_async(verifier, own_issuer.mint())) == "keys_unavailable"
    assert failure_code_of(verifier) == "fetch_raised"
    assert "secret" not in f"{caplog.text} {unavailable.value!r}"


def test_keyboard_interrupt_in_a_fetch_reaches_the_caller(own_issuer):
    def fetch(url, headers, timeout):
        raise KeyboardInterrupt

    verifier = verifier_of(own_issuer, fetch=fetch)
    token = own_issuer.mint()

    def ask():
        verifier.verify(token)
        time.sleep(1)  # until when the interpreter has seen the signal for sure

    with pytest.raises(KeyboardInterrupt):
        ask()

    assert health_of(verifier).fetches == 1


def test_keyboard_interrupt_in_another_thread_reaches_the_main_thread(own_issuer):
    def fetch(url, headers, timeout):
        raise KeyboardInterrupt

    verifier = verifier_of(own_issuer, fetch=fetch)
    thread = threading.Thread(target=verdict, args=(verifier, own_issuer.mint()))

    def work():
        thread.start()
        for _ in range(300):
            time.sleep(0.1)  # a sleep is not cut short by this kind of interrupt

    with pytest.raises(KeyboardInterrupt):
        work()

    thread.join()


@pytest.mark.slow
def test_cold_threads_share_one_slow_fetch(own_issuer):
    recorded = Recorded()
    verifier = verifier_of(own_issuer, fetch=recorded)
    token = own_issuer.mint()

    with own_issuer.respond("/jwks", delay=0.3), ThreadPoolExecutor(24) as threads:
        assert list(threads.map(lambda _: verdict(verifier, token), range(24))) == [GOOD] * 24

    assert recorded.count(own_issuer) == 1


@pytest.mark.slow
def test_cold_threads_share_one_slow_failure(own_issuer):
    calls = []

    def fetch(url, headers, timeout):
        calls.append(url)
        time.sleep(0.3)
        raise ConnectionError

    verifier = verifier_of(own_issuer, fetch=fetch)
    token = own_issuer.mint()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: verdict(verifier, token), range(8))) == ["keys_unavailable"] * 8

    assert len(calls) == 1


@pytest.mark.slow
def test_waiters_give_up_in_time_when_a_fetch_never_ends(own_issuer):
    released = threading.Event()

    def fetch(url, headers, timeout):
        released.wait(60)
        return by_urllib(url, headers, 5)

    verifier = verifier_of(own_issuer, fetch=fetch, http=HttpOptions(timeout=0.3, allow_http=True))
    token = own_issuer.mint()
    with ThreadPoolExecutor(1) as thread:
        carrying = thread.submit(verdict, verifier, token)
        eventually(lambda: health_of(verifier).refreshing)

        assert verdict(verifier, token) == "keys_unavailable"
        assert asyncio.run(verdict_async(verifier, token)) == "keys_unavailable"

        released.set()
        assert carrying.result() in (GOOD, "keys_unavailable")
    eventually(lambda: verdict(verifier, token) == GOOD)


@pytest.mark.slow
def test_keys_in_use_are_renewed_by_background_threads(own_issuer):
    recorded = Recorded()
    verifier = verifier_of(own_issuer, fetch=recorded, keys=KeyOptions(ttl=0.4))
    token = own_issuer.mint()

    eventually(lambda: verdict(verifier, token) == GOOD and recorded.count(own_issuer) >= 3)

    assert any(thread.name == "authjwks" for thread in recorded.threads)
    assert health_of(verifier).fetches == pytest.approx(recorded.count(own_issuer), abs=1)


@pytest.mark.slow
def test_renewal_by_a_slow_fetch_makes_no_caller_wait(own_issuer):
    recorded = Recorded()
    verifier = verifier_of(own_issuer, fetch=recorded, keys=KeyOptions(ttl=2.0))

    assert served_until_renewed(verifier, own_issuer) > 0

    assert recorded.count(own_issuer) == 2


@pytest.mark.slow
def test_old_keys_serve_in_an_outage_and_recover(own_issuer):
    recorded = Recorded()
    verifier = verifier_of(own_issuer, fetch=recorded, keys=KeyOptions(ttl=0.05))
    token = own_issuer.mint()
    verifier.prefetch()

    recorded.now = fails
    eventually(lambda: verdict(verifier, token) == GOOD and health_of(verifier).state == "stale")
    assert [verdict(verifier, token) for _ in range(50)] == [GOOD] * 50

    recorded.now = by_urllib
    eventually(lambda: verdict(verifier, token) == GOOD and health_of(verifier).last_error is None)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cold_tasks_share_one_fetch_off_the_loop(own_issuer, backend):
    recorded = Recorded()
    verifier = verifier_of(own_issuer, fetch=recorded)

    with own_issuer.respond("/jwks", delay=0.2):
        assert verdicts_of_tasks(verifier, own_issuer.mint(), 200, backend) == [GOOD] * 200

    assert recorded.count(own_issuer) == 1
    assert threading.main_thread() not in recorded.threads


def test_cancelling_the_only_asking_task_does_not_lose_the_fetch(own_issuer):
    verifier = verifier_of(own_issuer, fetch=by_urllib)
    token = own_issuer.mint()

    async def scenario():
        await cancel_while_waiting(verifier, token)
        return await verdict_async(verifier, token)

    with own_issuer.respond("/jwks", delay=0.2):
        assert asyncio.run(scenario()) == GOOD


def test_task_cancelled_before_it_waits_does_not_block_later_fetches(
    own_issuer,
):
    verifier = verifier_of(own_issuer, fetch=by_urllib, http=HttpOptions(timeout=0.2, allow_http=True))
    token = own_issuer.mint()

    async def scenario():
        with trio.CancelScope() as scope:
            scope.cancel()
            await verifier.verify_async(token)

    trio.run(scenario)
    time.sleep(0.2)

    eventually(lambda: verdict(verifier, token) == GOOD, within=10)


def test_hanging_issuers_do_not_keep_a_task_from_keys_of_another():
    released = threading.Event()

    def fetch(url, headers, timeout):
        if not url.startswith(healthy.issuer):
            released.wait(timeout)
            raise TimeoutError
        return by_urllib(url, headers, timeout)

    async def scenario():
        hanging = [asyncio.ensure_future(verdict_async(verifier, each.mint())) for each in (one, two)]
        await asyncio.sleep(0.1)
        healthy_one = await verdict_async(verifier, healthy.mint())
        still_hanging = [not task.done() for task in hanging]
        released.set()
        return healthy_one, still_hanging, await asyncio.gather(*hanging)

    with Issuer() as one, Issuer() as two, Issuer() as healthy:
        issuers = [one.issuer, two.issuer, healthy.issuer]
        verifier = verifier_of(healthy, issuer=issuers, fetch=fetch, http=HttpOptions(timeout=3.0, allow_http=True))

        assert asyncio.run(scenario()) == (GOOD, [True, True], ["keys_unavailable"] * 2)


def test_closed_cold_verifier_never_calls_the_fetch(own_issuer):
    recorded = Recorded()
    verifier = verifier_of(own_issuer, fetch=recorded)
    verifier.close()

    assert verdict(verifier, own_issuer.mint()) == "keys_unavailable"
    assert recorded.asked == []


def test_fetch_that_verifies_with_its_own_verifier_does_not_deadlock(own_issuer):
    token = own_issuer.mint()
    inner = []

    def fetch(url, headers, timeout):
        inner.append(verdict(verifier, token))
        return by_urllib(url, headers, timeout)

    verifier = verifier_of(own_issuer, fetch=fetch, http=HttpOptions(timeout=60.0, allow_http=True))
    began = time.monotonic()

    assert verdict(verifier, token) == GOOD
    assert inner == ["keys_unavailable"] * 2
    assert time.monotonic() - began < 30, "the thread waited for its own fetch"


def test_fetch_that_verifies_on_its_own_loop_does_not_deadlock(own_issuer):
    token = own_issuer.mint()
    inner = []

    def fetch(url, headers, timeout):
        inner.append(asyncio.run(verdict_async(verifier, token)))
        return by_urllib(url, headers, timeout)

    verifier = verifier_of(own_issuer, fetch=fetch, http=HttpOptions(timeout=60.0, allow_http=True))
    began = time.monotonic()

    assert verdict(verifier, token) == GOOD
    assert inner == ["keys_unavailable"] * 2
    assert time.monotonic() - began < 30


class HangingOnce:
    """A fetch whose first call does not return before it is released, whatever its time limit."""

    def __init__(self):
        self.released, self.calls = threading.Event(), 0

    def __call__(self, url, headers, timeout):
        self.calls += 1
        if self.calls == 1:
            self.released.wait(60)
        return by_urllib(url, headers, timeout)


@pytest.mark.slow
def test_overdue_fetch_is_replaced_and_its_late_answer_dropped(own_issuer):
    fetch = HangingOnce()
    verifier = verifier_of(own_issuer, fetch=fetch, http=HttpOptions(timeout=0.3, allow_http=True))
    token = own_issuer.mint()
    with ThreadPoolExecutor() as threads:
        first = threads.submit(verdict, verifier, token)
        eventually(lambda: fetch.calls)

        assert eventually(lambda: verdict(verifier, token) == GOOD)
        fetches = health_of(verifier).fetches
        fetch.released.set()

        assert first.result(30) == GOOD
    assert health_of(verifier).fetches == fetches, "the late answer was not dropped"


@pytest.mark.slow
def test_tasks_are_answered_and_served_later_when_a_fetch_never_returns(own_issuer):
    fetch = HangingOnce()
    verifier = verifier_of(own_issuer, fetch=fetch, http=HttpOptions(timeout=0.3, allow_http=True))
    token = own_issuer.mint()

    async def until_good():
        while (answer := await asyncio.wait_for(verdict_async(verifier, token), 30)) != GOOD:
            assert answer == "keys_unavailable"
            await asyncio.sleep(0.01)

    try:
        asyncio.run(asyncio.wait_for(until_good(), 60))
    finally:
        fetch.released.set()


UNDER_A_MEMORY_LIMIT = """
import resource, threading
from authjwks import KeysUnavailable, Verifier

answer = (200, {}, b" " * (700 << 20))
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20),) * 2)
verifier = Verifier("https://issuer.example", "api", fetch=lambda *asked: answer)
try:
    verifier.prefetch()
except KeysUnavailable:
    print(verifier.health().issuers[0].last_error.code)
thread = threading.Thread(target=print, args=["other threads go on"])
thread.start()
thread.join()
"""


@pytest.mark.slow
def test_body_too_large_to_copy_is_a_failure_and_the_gil_is_released():
    command = [sys.executable, "-c", UNDER_A_MEMORY_LIMIT]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert ended.stdout.splitlines() == ["too_large", "other threads go on"], ended.stderr


def test_forked_process_fetches_by_itself(own_issuer):
    recorded = Recorded()
    verifier = verifier_of(own_issuer, fetch=recorded, keys=KeyOptions(cooldown=0))
    verifier.prefetch()
    own_issuer.rotate()
    token = own_issuer.mint()

    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if asyncio.run(verdict_async(verifier, token)) == GOOD and recorded.count(own_issuer) == 2 else 2
        finally:
            os._exit(status)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert verdict(verifier, token) == GOOD


@pytest.mark.parametrize("fetch", [5, "https://issuer.example", object()], ids=repr)
def test_fetch_that_cannot_be_called_is_a_config_error(own_issuer, fetch):
    with pytest.raises(ConfigError, match="fetch"):
        verifier_of(own_issuer, fetch=fetch)


def test_coroutine_function_is_a_config_error(own_issuer):
    async def fetch(url, headers, seconds):
        return 200, {}, b""

    with pytest.raises(ConfigError, match="fetch"):
        verifier_of(own_issuer, fetch=fetch)


def test_plain_http_stays_forbidden_with_a_fetch(own_issuer):
    with pytest.raises(ConfigError):
        verifier_of(own_issuer, fetch=by_urllib, http=HttpOptions())
