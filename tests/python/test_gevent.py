"""Verification under gevent: a greenlet that waits for keys lets all others run, whatever it waits in."""

import os
import re
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from tests.support.waiting import eventually

PATIENCE = 100
"""Seconds after which a process is taken to hang; it is far more than any of them needs."""

pytestmark = pytest.mark.slow

PATCH = """
from gevent import monkey
monkey.patch_all()
"""
IMPORT = """
from authjwks import AuthError, HttpOptions, KeyOptions, Verifier, verifier as verifier_module
"""
BEGINNING = """
import http.client, logging, os, sys, urllib.parse
import gevent
from gevent.event import Event

gevent.get_hub()  # threads that make the first two hubs of a process at once hang in their imports
logging.getLogger("authjwks").setLevel(logging.ERROR)  # an outage is a warning

issuer, audience, token, unknown = sys.argv[1:]
order = []
native_thread = monkey.get_original("_thread", "start_new_thread")
native_lock = monkey.get_original("_thread", "allocate_lock")

def verifier_of(timeout=60.0, ttl=900.0, **options):
    http = HttpOptions(timeout=timeout, connect_timeout=timeout, allow_http=True)
    return Verifier(**{"issuer": issuer, "audience": audience, "http": http, "keys": KeyOptions(ttl=ttl), **options})

def verdict(verifier, token=token):
    try:
        return verifier.verify(token)["sub"]
    except AuthError as refused:
        return refused.code

def outcome(call):
    try:
        return call()
    except AuthError as refused:
        return refused.code

def noting(name, call, *arguments):
    result = call(*arguments)
    order.append(name)
    return result

def get_all(*greenlets):
    return [each.get() for each in greenlets]

def fetches(verifier):
    return verifier.health().issuers[0].fetches

def refreshing(verifier):
    return verifier.health().issuers[0].refreshing

def eventually(condition):
    with gevent.Timeout(60):
        while not condition():
            gevent.sleep(0.01)

class Session:
    '''A fetch that keeps its connection from one call to the next, as clients do that are worth keeping.'''

    def __init__(self):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(issuer).netloc)
        self.calls, self.threads = 0, set()

    def __call__(self, url, headers, timeout):
        self.calls += url.endswith("/jwks")
        self.threads.add(monkey.get_original("threading", "get_native_id")())
        self.connection.request("GET", urllib.parse.urlsplit(url).path, headers=headers)
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

released = native_lock()
released.acquire()

def occupy():
    with released:
        pass

def waiters_left():
    workers = verifier_module._waiter._workers_of_process()
    return sum(map(len, workers._waiters.values()))
"""


def command_of(tmp_path, issuer, text, beginning=PATCH + IMPORT + BEGINNING):
    path = tmp_path / "program.py"
    path.write_text(beginning + textwrap.dedent(text))
    tokens = [issuer.mint(), issuer.mint(headers={"kid": "made up"})]
    return [sys.executable, str(path), issuer.issuer, issuer.audience, *tokens]


def run(tmp_path, issuer, *program, complaint=""):
    """A program's output, when it ends well, in time and without any other word on stderr."""
    command = command_of(tmp_path, issuer, *program)
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr.partition("\n")[0]) == (0, complaint), done.stderr
    return done.stdout.split()


# Waiting


@pytest.mark.parametrize("beginning", [PATCH + IMPORT, "from gevent import monkey" + IMPORT + PATCH, IMPORT + PATCH])
def test_cold_greenlets_share_one_fetch_while_others_run(tmp_path, own_issuer, beginning):
    text = """
    verifier = verifier_of()
    cold = [gevent.spawn(noting, "cold", verdict, verifier) for _ in range(50)]
    other = gevent.spawn(noting, "other", gevent.sleep, 0.01)
    print(*set(get_all(*cold)))
    other.get()
    print(order[0], fetches(verifier), waiters_left())
    """

    with own_issuer.respond("/jwks", delay=1.0):
        assert run(tmp_path, own_issuer, text, beginning + BEGINNING) == ["user-1", "other", "1", "0"]

    assert own_issuer.fetches["/jwks"] == 1


def test_cold_greenlets_share_one_failure(tmp_path, own_issuer):
    text = """
    verifier = verifier_of()
    print(*get_all(*(gevent.spawn(verdict, verifier) for _ in range(10))))
    """

    with own_issuer.respond("/jwks", 503, delay=0.3):
        assert run(tmp_path, own_issuer, text) == ["keys_unavailable"] * 10

    assert own_issuer.fetches["/jwks"] == 1


def test_made_up_key_id_holds_up_no_known_key(tmp_path, own_issuer):
    text = """
    verifier = verifier_of(token_cache=None)
    verifier.prefetch()
    print("ready", flush=True)
    sys.stdin.readline()
    made_up = gevent.spawn(noting, "made up", verdict, verifier, unknown)
    eventually(lambda: refreshing(verifier))
    known = [gevent.spawn(noting, "known", verdict, verifier) for _ in range(20)]
    print(*set(get_all(*known)), made_up.get(), *order)
    """
    command = command_of(tmp_path, own_issuer, text)

    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        with own_issuer.respond("/jwks", delay=1.0):
            output, _ = process.communicate("go\n", timeout=PATIENCE)

    assert output.split() == ["user-1", "unknown_key", *["known"] * 20, "made", "up"]


@pytest.mark.parametrize("method", ["prefetch", "refresh"])
def test_prefetch_and_refresh_let_others_run(tmp_path, own_issuer, method):
    text = f"""
    verifier = verifier_of()
    waiting = gevent.spawn(noting, "{method}", verifier.{method})
    other = gevent.spawn(noting, "other", gevent.sleep, 0.01)
    gevent.joinall([waiting, other], raise_error=True)
    print(*order, fetches(verifier))
    """

    with own_issuer.respond("/jwks", delay=0.5):
        assert run(tmp_path, own_issuer, text) == ["other", method, "1"]


def test_prefetch_and_refresh_tell_of_an_outage(tmp_path, own_issuer):
    text = """
    verifier = verifier_of()
    print(outcome(verifier.prefetch), outcome(verifier.refresh), verifier.health().issuers[0].last_error.code)
    """

    with own_issuer.outage():
        assert run(tmp_path, own_issuer, text) == ["keys_unavailable", "keys_unavailable", "server_error"]


def test_killed_greenlets_leave_nothing_and_stop_nobody(tmp_path, own_issuer):
    text = """
    def impatient():
        with gevent.Timeout(0.1, False):
            verdict(verifier)
        return "gave up"

    verifier = verifier_of()
    patient = [gevent.spawn(verdict, verifier) for _ in range(3)]
    killed = [gevent.spawn(verdict, verifier) for _ in range(3)]
    timed_out = [gevent.spawn(impatient) for _ in range(3)]
    eventually(lambda: waiters_left() == 9)
    gevent.killall(killed)
    gevent.joinall(timed_out)
    print(waiters_left(), *get_all(*timed_out), *get_all(*patient), waiters_left())
    """

    with own_issuer.respond("/jwks", delay=1.0):
        output = run(tmp_path, own_issuer, text)

    assert output == ["3", *["gave", "up"] * 3, *["user-1"] * 3, "0"]
    assert own_issuer.fetches["/jwks"] == 1


def test_work_of_others_in_the_hubs_thread_pool_delays_no_token(tmp_path, own_issuer):
    text = """
    pool = gevent.get_hub().threadpool
    occupied = [pool.spawn(occupy) for _ in range(pool.maxsize)]
    print(verdict(verifier_of()))
    released.release()
    get_all(*occupied)
    """

    assert run(tmp_path, own_issuer, text) == ["user-1"]


def test_wait_without_a_free_thread_ends_at_its_deadline(tmp_path, own_issuer):
    text = """
    workers = verifier_module._waiter._workers_of_process()
    for number in range(8):
        workers.start(lambda number=number: occupy())
    verifier = verifier_of(timeout=0.2)
    print(verdict(verifier))
    released.release()
    eventually(lambda: verdict(verifier) == "user-1")
    print(waiters_left())
    """

    with own_issuer.respond("/jwks", delay=0.05):
        assert run(tmp_path, own_issuer, text) == ["keys_unavailable", "0"]


def test_exhausted_threads_are_keys_unavailable(tmp_path, own_issuer):
    text = """
    from authjwks.keys import workers

    def exhausted(run):
        raise RuntimeError("can't start new thread")

    usual, workers.start_native_thread = workers.start_native_thread, exhausted
    verifier = verifier_of()
    print(verdict(verifier), outcome(verifier.prefetch), waiters_left())
    workers.start_native_thread = usual
    print(verdict(verifier))
    """

    with own_issuer.respond("/jwks", delay=0.3):
        assert run(tmp_path, own_issuer, text) == ["keys_unavailable", "keys_unavailable", "0", "user-1"]


def test_hubs_of_several_threads_share_one_fetch(tmp_path, own_issuer):
    text = """
    verifier, verdicts = verifier_of(), []

    def work():
        verdicts.extend(get_all(*(gevent.spawn(verdict, verifier) for _ in range(5))))
        gevent.get_hub().destroy(destroy_loop=True)

    for _ in range(3):
        native_thread(work, ())
        gevent.sleep(0.05)
    verdicts.append(verdict(verifier))
    eventually(lambda: len(verdicts) == 16)
    print(*set(verdicts), fetches(verifier), waiters_left())
    """

    with own_issuer.respond("/jwks", delay=0.5):
        assert run(tmp_path, own_issuer, text) == ["user-1", "1", "0"]


def test_hub_that_ends_before_its_greenlets_delays_no_other(tmp_path, own_issuer):
    text = """
    verifier = verifier_of()
    ended = []

    def leave():
        gevent.spawn(verdict, verifier)
        gevent.sleep(0.1)
        gevent.get_hub().destroy(destroy_loop=True)
        ended.append(1)

    native_thread(leave, ())
    eventually(lambda: ended)
    print(verdict(verifier))
    """

    with own_issuer.respond("/jwks", delay=1.0):
        assert run(tmp_path, own_issuer, text) == ["user-1"]


def test_thread_of_the_hubs_pool_may_verify(tmp_path, own_issuer):
    text = """
    pool, verifier = gevent.get_hub().threadpool, verifier_of(fetch=Session())
    verdicts = [pool.spawn(verdict, verifier) for _ in range(3)]
    print(*get_all(*verdicts), verdict(verifier), fetches(verifier))
    """

    with own_issuer.respond("/jwks", delay=0.2):
        assert run(tmp_path, own_issuer, text) == [*["user-1"] * 4, "1"]


def test_verification_in_the_hub_itself_blocks_and_passes(tmp_path, own_issuer):
    text = """
    verifier, done, verdicts = verifier_of(), Event(), []

    def in_the_hub():
        verdicts.append(verdict(verifier))
        done.set()

    gevent.get_hub().loop.run_callback(in_the_hub)
    done.wait()
    print(*verdicts)
    """

    assert run(tmp_path, own_issuer, text) == ["user-1"]


def test_decision_on_issuers_may_yield(tmp_path, own_issuer):
    text = """
    decided = []

    def decide(name):
        gevent.sleep(0.02)
        decided.append(name)
        return name == issuer

    verifier = verifier_of(issuer=decide)
    foreign = verifier_of(issuer=lambda name: gevent.sleep(0.03))
    greenlets = [gevent.spawn(verdict, each) for each in [verifier, foreign] * 20]
    print(*sorted(set(get_all(*greenlets))), len(decided), fetches(verifier))
    """

    assert run(tmp_path, own_issuer, text) == ["user-1", "wrong_issuer", "20", "1"]


# fetch=


def test_fetch_runs_once_for_all_greenlets_and_keeps_its_connection(tmp_path, own_issuer):
    text = """
    fetch = Session()
    verifier = verifier_of(fetch=fetch, keys=KeyOptions(cooldown=0))
    cold = [gevent.spawn(noting, "cold", verdict, verifier) for _ in range(3)]
    other = gevent.spawn(noting, "other", gevent.sleep, 0.01)
    print(*get_all(*cold), other.get(), order[0], fetch.calls)
    print(verdict(verifier, unknown), verdict(verifier, unknown), fetch.calls, fetches(verifier))
    print(len(fetch.threads), waiters_left())
    """

    with own_issuer.respond("/jwks", delay=0.5):
        output = run(tmp_path, own_issuer, text)

    assert output == [*["user-1"] * 3, "None", "other", "1", "unknown_key", "unknown_key", "3", "3", "1", "0"]


def test_fetch_renews_keys_in_use_without_making_anybody_wait(tmp_path, own_issuer):
    text = """
    fetch = Session()
    verifier = verifier_of(ttl=0.4, fetch=fetch)
    eventually(lambda: verdict(verifier) == "user-1" and fetches(verifier) >= 3)
    print(len(fetch.threads), verifier.health().issuers[0].last_error)
    """

    assert run(tmp_path, own_issuer, text) == ["1", "None"]


def test_exception_of_a_fetch_is_keys_unavailable_and_goes_nowhere_else(tmp_path, own_issuer):
    text = """
    def fetch(url, headers, timeout):
        gevent.sleep(0.01)
        raise failure("a remote secret")

    for failure in (ConnectionError, SystemExit, gevent.GreenletExit):
        verifier = verifier_of(fetch=fetch)
        print(verdict(verifier), outcome(verifier.refresh), verifier.health().issuers[0].last_error.code)
    """

    assert run(tmp_path, own_issuer, text) == ["keys_unavailable", "keys_unavailable", "fetch_raised"] * 3


def test_fetch_that_does_not_return_in_time_is_killed_and_called_anew(tmp_path, own_issuer):
    text = """
    usual, ended = Session(), []

    def fetch(url, headers, timeout):
        if ended:
            return usual(url, headers, timeout)
        try:
            gevent.sleep(1000)
        except gevent.GreenletExit:
            ended.append("killed")
            raise

    verifier = verifier_of(timeout=0.3, fetch=fetch)
    print(verdict(verifier), *ended)
    eventually(lambda: verdict(verifier) == "user-1")
    """

    assert run(tmp_path, own_issuer, text) == ["keys_unavailable", "killed"]


def test_fetch_that_ignores_its_end_holds_up_nobody(tmp_path, own_issuer):
    text = """
    usual, calls = Session(), []

    def fetch(url, headers, timeout):
        calls.append(url)
        while len(calls) == 1:
            try:
                gevent.sleep(1000)
            except gevent.GreenletExit:
                pass
        return usual(url, headers, timeout)

    verifier = verifier_of(timeout=0.3, fetch=fetch)
    print(verdict(verifier))
    eventually(lambda: verdict(verifier) == "user-1")
    """

    assert run(tmp_path, own_issuer, text) == ["keys_unavailable"]


def test_fetch_that_verifies_does_not_wait_for_itself(tmp_path, own_issuer):
    text = """
    usual, inner = Session(), []

    def fetch(url, headers, timeout):
        inner.append(verdict(verifier))
        return usual(url, headers, timeout)

    verifier = verifier_of(fetch=fetch)
    with gevent.Timeout(30):
        print(verdict(verifier), *inner, outcome(verifier.prefetch))
    """

    assert run(tmp_path, own_issuer, text) == ["user-1", "keys_unavailable", "keys_unavailable", "None"]


def test_interrupt_in_a_fetch_reaches_the_main_greenlet(tmp_path, own_issuer):
    text = """
    import signal

    def fetch(url, headers, timeout):
        os.kill(os.getpid(), signal.SIGINT)
        gevent.sleep(1000)

    try:
        verifier_of(fetch=fetch).verify(token)
    except KeyboardInterrupt:
        print("interrupted")
    """

    # gevent prints what ends a greenlet before the main greenlet gets it.
    assert run(tmp_path, own_issuer, text, complaint="Traceback (most recent call last):") == ["interrupted"]


# Processes


def test_fork_beside_waiting_greenlets_waits_by_threads_of_its_own(tmp_path, own_issuer):
    text = """
    verifier = verifier_of(timeout=5.0)
    waiting = gevent.spawn(verdict, verifier)
    eventually(waiters_left)
    child = os.fork()
    if child == 0:
        status = 70
        try:
            others = [gevent.spawn(verdict, verifier) for _ in range(5)]
            status = 0 if set(get_all(*others)) == {"user-1"} else 1
        finally:
            os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), waiting.get())
    """

    with own_issuer.respond("/jwks", delay=0.5):
        assert run(tmp_path, own_issuer, text) == ["0", "user-1"]

    assert own_issuer.fetches["/jwks"] == 2


def test_program_ends_while_greenlets_wait(tmp_path, own_issuer):
    text = """
    for fetch in (None, lambda *_: gevent.sleep(1000)):
        verifier = verifier_of(fetch=fetch)
        gevent.spawn(verdict, verifier)
        eventually(lambda: refreshing(verifier))
    print("end")
    """

    with own_issuer.respond("/jwks", delay=30.0):
        assert run(tmp_path, own_issuer, text) == ["end"]


UNPATCHED = {
    "absent": "import sys\nsys.modules['gevent'] = None\n",
    "not_imported": "import sys\n",
    "imported": "import sys, gevent, gevent.monkey\n",
}


@pytest.mark.parametrize("case", UNPATCHED)
def test_process_that_is_not_patched_waits_in_the_core(tmp_path, own_issuer, case):
    text = """
    import sys
    from authjwks import _core
    issuer, audience, token, unknown = sys.argv[1:]
    before = set(sys.modules)
    verifier = Verifier(issuer, audience, http=HttpOptions(allow_http=True))
    print(verifier.verify(token)["sub"], verifier_module._verify is _core.Verifier.verify)
    verifier.refresh()
    print({name.partition(".")[0] for name in set(sys.modules) - before} & {"gevent", "greenlet"} or "none")
    """

    assert run(tmp_path, own_issuer, text, UNPATCHED[case] + IMPORT) == ["user-1", "True", "none"]


# gunicorn

APP = """
import os
from flask import Flask
from authjwks import AuthError, HttpOptions, Verifier
from authjwks.flask import AuthExtension

verifier = Verifier(os.environ["ISSUER"], os.environ["AUDIENCE"], http=HttpOptions(allow_http=True))
try:
    verifier.verify("not a token")  # so that this process has chosen how to wait, before it forks if it is the arbiter
except AuthError:
    pass
app = Flask(__name__)
auth = AuthExtension(verifier)

@app.get("/guarded")
@auth.require()
def guarded():
    return "guarded"

@app.get("/open")
def unguarded():
    return "open"
"""


@contextmanager
def gunicorn(folder, issuer, *options):
    """Its URL, with one worker for greenlets."""
    (folder / "app.py").write_text(APP)
    arguments = ["-k", "gevent", "--bind=127.0.0.1:0", f"--chdir={folder}", *options, "app:app"]
    # It keeps a socket in the home directory.
    environment = {**os.environ, "HOME": str(folder), "ISSUER": issuer.issuer, "AUDIENCE": issuer.audience}
    log = folder / "log"
    with log.open("w") as stderr:
        process = subprocess.Popen([sys.executable, "-m", "gunicorn", *arguments], env=environment, stderr=stderr)
    try:
        yield eventually(lambda: re.search(r"Listening at: (\S+)", log.read_text()), within=PATIENCE)[1]
    finally:
        process.terminate()
        process.wait(PATIENCE)
    assert "Traceback" not in log.read_text()


def ask(url, token=None):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


@pytest.mark.parametrize("options", [(), ("--preload",)], ids=["loaded_by_the_worker", "preloaded"])
def test_gunicorn_answers_unguarded_routes_while_guarded_ones_wait(tmp_path, own_issuer, options):
    token = own_issuer.mint()
    with gunicorn(tmp_path, own_issuer, *options) as url, ThreadPoolExecutor(4) as threads:
        assert ask(f"{url}/open") == "open"
        with own_issuer.respond("/jwks", delay=3.0):
            guarded = [threads.submit(ask, f"{url}/guarded", token) for _ in range(3)]
            eventually(lambda: own_issuer.fetches["/jwks"])
            unguarded = ask(f"{url}/open")
            still_waiting = [not each.done() for each in guarded]

            assert (unguarded, still_waiting) == ("open", [True] * 3)
            assert [each.result() for each in guarded] == ["guarded"] * 3

    assert own_issuer.fetches["/jwks"] == 1
