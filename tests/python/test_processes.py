"""Keys and processes: forks beside threads, gunicorn's preloaded workers, the end of an interpreter, a second one."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow

PATIENCE = 100
"""Seconds after which a process is taken to hang; it is far more than any of them needs."""

BEGINNING = """
import asyncio, atexit, os, sys, threading, time

last_words = []
atexit.register(lambda: [say() for say in last_words])  # after what authjwks does at exit, as it comes before it here

from authjwks import AuthError, HttpOptions, KeyOptions, Verifier

issuer, audience, *tokens = sys.argv[1:]
token = tokens[0]

def verifier_of(timeout=60.0, ttl=900.0, **options):
    http = HttpOptions(timeout=timeout, connect_timeout=timeout, allow_http=True)
    return Verifier(issuer, audience, http=http, keys=KeyOptions(ttl=ttl, cooldown=0), **options)

def verdict(verifier, token):
    try:
        return verifier.verify(token)["sub"]
    except AuthError as refused:
        return refused.code

def eventually(condition):
    while not condition():
        time.sleep(0.01)

def in_a_fork(work):
    child = os.fork()
    if child == 0:
        status = 70
        try:
            status = work()
        finally:
            os._exit(status)
    return child

def statuses(children):
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
"""


def program(tmp_path, text):
    path = tmp_path / "program.py"
    path.write_text(BEGINNING + textwrap.dedent(text))
    return path


def arguments(tmp_path, issuer, text, tokens):
    # A fork beside threads is what these programs are about, so Python's warning of it has nothing to tell.
    python = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning"]
    return [*python, str(program(tmp_path, text)), issuer.issuer, issuer.audience, *tokens]


def unmeasured():
    """The environment without coverage: its tracer has locks that a fork beside a traced thread leaves taken, and it
    cannot work in a second interpreter."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


def run(tmp_path, issuer, text, environment=None):
    """A program's output, when it ends well, in time and without a word on stderr."""
    command = arguments(tmp_path, issuer, text, [issuer.mint()])
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


# Forks


def test_threaded_parent_and_its_fork_both_go_on_refreshing(tmp_path, own_issuer):
    text = """
    verifier = verifier_of(ttl=0.3)
    verifier.prefetch()
    busy = True

    def keep_verifying():
        while busy:
            assert verdict(verifier, token) == "user-1"

    threads = [threading.Thread(target=keep_verifying) for _ in range(3)]
    for thread in threads:
        thread.start()

    def fetches():
        return verifier.health().issuers[0].fetches

    def refreshes_alone():
        before = fetches()
        eventually(lambda: verdict(verifier, token) == "user-1" and fetches() >= before + 3)
        return 0

    child = in_a_fork(refreshes_alone)
    refreshes_alone()
    print(*statuses([child]))
    busy = False
    for thread in threads:
        thread.join()
    """

    assert run(tmp_path, own_issuer, text, unmeasured()) == ["0"]


def test_fork_asks_for_rotated_keys_by_itself(tmp_path, own_issuer):
    text = """
    verifier = verifier_of()
    verifier.prefetch()
    old, new = tokens

    def sees_the_new_key():
        return 0 if [verdict(verifier, old), verdict(verifier, new)] == ["user-1", "user-1"] else 1

    print("ready", flush=True)
    input()
    children = [in_a_fork(sees_the_new_key) for _ in range(3)]
    print(sees_the_new_key(), *statuses(children))
    """
    old = own_issuer.mint()
    new_key = own_issuer.rotate()
    own_issuer.withdraw(new_key.kid)
    new = own_issuer.mint(key=new_key)
    before_rotation = own_issuer.jwks()
    command = arguments(tmp_path, own_issuer, text, [old, new])
    served = {"keys": [*before_rotation["keys"], new_key.jwk()]}

    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        with own_issuer.respond("/jwks", body=json.dumps(served)):
            output, _ = process.communicate("\n", timeout=PATIENCE)

    assert (process.returncode, output.split()) == (0, ["0", "0", "0", "0"])
    assert own_issuer.fetches["/jwks"] == 5


def test_fork_beside_verifying_threads_never_hangs(tmp_path, own_issuer):
    text = """
    cold, warm = verifier_of(), verifier_of(ttl=0.2)
    warm.prefetch()
    busy = True

    def keep_busy():
        while busy:
            verdict(warm, token)
            warm.health()
            verdict(verifier_of(), token)

    async def keep_waiting():
        while busy:
            await verifier_of().verify_async(token)

    threads = [threading.Thread(target=keep_busy) for _ in range(3)]
    threads.append(threading.Thread(target=lambda: asyncio.run(keep_waiting())))
    for thread in threads:
        thread.start()

    def works():
        verdicts = [verdict(warm, token), verdict(cold, token)]
        verdicts.append(asyncio.run(verifier_of().verify_async(token))["sub"])
        return 0 if verdicts == ["user-1"] * 3 else 1

    print(*statuses([in_a_fork(works) for _ in range(20)]))
    busy = False
    for thread in threads:
        thread.join()
    """

    assert run(tmp_path, own_issuer, text, unmeasured()) == ["0"] * 20


def test_fork_during_a_fetch_fetches_by_itself(tmp_path, own_issuer):
    text = """
    verifier = verifier_of()
    waiting = threading.Thread(target=verdict, args=(verifier, token))
    waiting.start()
    eventually(lambda: verifier.health().issuers[0].refreshing)
    child = in_a_fork(lambda: 0 if verdict(verifier, token) == "user-1" else 1)
    waiting.join()
    print(*statuses([child]), verdict(verifier, token))
    """

    with own_issuer.respond("/jwks", delay=0.5):
        assert run(tmp_path, own_issuer, text, unmeasured()) == ["0", "user-1"]

    assert own_issuer.fetches["/jwks"] == 2


def test_fork_that_ends_like_any_program_ends_well(tmp_path, own_issuer):
    text = """
    verifier = verifier_of()
    verifier.prefetch()
    child = os.fork()
    if child == 0:
        verifier.refresh()
        asyncio.run(verifier.verify_async(token))
        sys.exit(7)
    print(*statuses([child]))
    """

    assert run(tmp_path, own_issuer, text) == ["7"]


def test_multiprocessing_workers_by_fork_verify(tmp_path, own_issuer):
    text = """
    import multiprocessing

    verifier = verifier_of()
    verifier.prefetch()

    def work(token):
        verifier.refresh()
        return verdict(verifier, token), verifier.health().issuers[0].fetches

    if __name__ == "__main__":
        with multiprocessing.get_context("fork").Pool(2) as pool:
            answers = pool.map(work, [token] * 6, chunksize=3)
        print(*sorted(fetches for _, fetches in answers), *{answer for answer, _ in answers})
        print(verifier.health().issuers[0].fetches)
    """

    *fetches, answer, of_the_parent = run(tmp_path, own_issuer, text)

    assert (answer, of_the_parent) == ("user-1", "1")
    assert fetches in (
        ["2", "2", "3", "3", "4", "4"],
        ["2", "3", "4", "5", "6", "7"],
    )  # by two workers, or by one alone


# gunicorn

APP = """
import os, time
from flask import Flask
from authjwks import HttpOptions, KeyOptions, Verifier
from authjwks.flask import AuthExtension

http = HttpOptions(allow_http=True)
verifier = Verifier(os.environ["ISSUER"], os.environ["AUDIENCE"], http=http, keys=KeyOptions(cooldown=0))
verifier.prefetch()
app = Flask(__name__)
auth = AuthExtension(verifier)

@app.get("/")
@auth.require()
def who():
    time.sleep(0.02)  # so that one worker alone does not get all the work
    return {"worker": os.getpid(), "loaded": loaded_by}

loaded_by = os.getpid()
"""


@contextmanager
def gunicorn(folder, issuer):
    """Its URL and its process."""
    (folder / "app.py").write_text(APP)
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers=2", "--bind=127.0.0.1:0", "app:app"]
    # It keeps a socket in the home directory.
    environment = {**os.environ, "HOME": str(folder), "ISSUER": issuer.issuer, "AUDIENCE": issuer.audience}
    log = folder / "log"
    with log.open("w") as stderr:
        process = subprocess.Popen([*command, f"--chdir={folder}"], env=environment, stderr=stderr)
    try:
        found = eventually(lambda: re.search(r"Listening at: (\S+)", log.read_text()), within=PATIENCE)
        yield found[1], process, log
    finally:
        process.terminate()
        process.wait(PATIENCE)


def ask(url, token):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, ""


def test_gunicorn_workers_with_a_preloaded_app_follow_a_rotation(tmp_path, own_issuer):
    old = own_issuer.mint()
    with gunicorn(tmp_path, own_issuer) as (url, process, log), ThreadPoolExecutor(4) as threads:

        def workers_that_take(token):
            answers = list(threads.map(lambda _: ask(url, token), range(8)))
            assert {status for status, _ in answers} == {200}
            return {re.search(r'"worker":(\d+)', body)[1] for _, body in answers}

        eventually(lambda: len(workers_that_take(old)) == 2)
        assert own_issuer.fetches["/jwks"] == 1

        own_issuer.rotate(keep=False)
        new = own_issuer.mint()
        eventually(lambda: len(workers_that_take(new)) == 2)
        assert {status for status, _ in threads.map(lambda _: ask(url, old), range(8))} == {401}

        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert "Traceback" not in log.read_text()


# The end of an interpreter

ENDS = {
    "fresh": """
        verifier_of().prefetch()
    """,
    "never_asked": """
        verifier_of()
    """,
    "refreshing_ahead": """
        verifier = verifier_of(ttl=0.05)
        verifier.prefetch()
        eventually(lambda: verdict(verifier, token) == "user-1" and verifier.health().issuers[0].fetches > 3)
    """,
    "daemon_threads_verifying": """
        verifier = verifier_of()

        def keep_verifying():
            while True:
                verifier.verify(token)

        for _ in range(4):
            threading.Thread(target=keep_verifying, daemon=True).start()
        time.sleep(0.3)
    """,
    "after_close": """
        verifier = verifier_of()
        verifier.prefetch()
        verifier.close()
    """,
}
ENDS_WHILE_THE_ISSUER_HANGS = {
    "daemon_threads_waiting": """
        verifier = verifier_of()
        for _ in range(4):
            threading.Thread(target=verdict, args=(verifier, token), daemon=True).start()
        eventually(lambda: verifier.health().issuers[0].refreshing)
        time.sleep(0.2)
    """,
    "daemon_threads_waiting_for_prefetch_and_refresh": """
        verifier = verifier_of()

        def waits(call):
            try:
                call()
            except AuthError:
                pass

        for call in (verifier.prefetch, verifier.refresh):
            threading.Thread(target=waits, args=(call,), daemon=True).start()
        eventually(lambda: verifier.health().issuers[0].refreshing)
        time.sleep(0.2)
    """,
    "loop_that_gave_up": """
        async def scenario():
            try:
                await asyncio.wait_for(verifier_of().verify_async(token), 0.3)
            except asyncio.TimeoutError:
                pass

        asyncio.run(scenario())
    """,
    "loop_in_a_daemon_thread": """
        verifier = verifier_of()

        async def scenario():
            try:
                await verifier.verify_async(token)
            except AuthError:
                pass

        threading.Thread(target=lambda: asyncio.run(scenario()), daemon=True).start()
        eventually(lambda: verifier.health().issuers[0].refreshing)
        time.sleep(0.2)
    """,
    "many_issuers": """
        for _ in range(20):
            threading.Thread(target=verdict, args=(verifier_of(), token), daemon=True).start()
        time.sleep(0.5)
    """,
    "health_asked_at_the_very_end": """
        verifier = verifier_of()
        threading.Thread(target=verdict, args=(verifier, token), daemon=True).start()
        eventually(lambda: verifier.health().issuers[0].refreshing)
        last_words.append(verifier.health)
    """,
}
FETCH = """
        def fetch(url, headers, timeout):
            while True:
                time.sleep(0.01)

        verifier = verifier_of(fetch=fetch)
"""
ENDS_WHILE_PYTHON_FETCHES = {
    "daemon_threads_waiting": FETCH
    + """
        for _ in range(3):
            threading.Thread(target=verdict, args=(verifier, token), daemon=True).start()
        eventually(lambda: verifier.health().issuers[0].refreshing)
        time.sleep(0.2)
    """,
    "loop_that_gave_up": FETCH
    + """
        async def scenario():
            try:
                await asyncio.wait_for(verifier.verify_async(token), 0.3)
            except asyncio.TimeoutError:
                pass

        asyncio.run(scenario())
    """,
    "refreshing_ahead": """
        good = None

        def fetch(url, headers, timeout):
            global good
            import urllib.request
            if good and url in good:
                while True:
                    time.sleep(0.01)
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=timeout) as answer:
                good = {**(good or {}), url: 1}
                return answer.status, dict(answer.headers), answer.read()

        verifier = verifier_of(ttl=1.0, fetch=fetch)
        verifier.prefetch()
        eventually(lambda: verdict(verifier, token) == "user-1" and verifier.health().issuers[0].refreshing)
        time.sleep(0.2)
    """,
}


@pytest.mark.parametrize("text", ENDS.values(), ids=ENDS)
def test_interpreter_ends_quietly_with_a_verifier_in_use(tmp_path, own_issuer, text):
    assert run(tmp_path, own_issuer, text) == []


@pytest.mark.parametrize("text", ENDS_WHILE_THE_ISSUER_HANGS.values(), ids=ENDS_WHILE_THE_ISSUER_HANGS)
def test_interpreter_does_not_wait_for_a_hanging_issuer_at_its_end(tmp_path, own_issuer, text):
    with own_issuer.respond("*", delay=2 * PATIENCE):
        began = time.monotonic()

        assert run(tmp_path, own_issuer, text) == []

        assert time.monotonic() - began < 30  # of the 60 that a fetch may take here


@pytest.mark.parametrize("text", ENDS_WHILE_PYTHON_FETCHES.values(), ids=ENDS_WHILE_PYTHON_FETCHES)
def test_interpreter_does_not_wait_for_a_hanging_python_fetch_at_its_end(tmp_path, own_issuer, text):
    began = time.monotonic()

    assert run(tmp_path, own_issuer, text) == []

    assert time.monotonic() - began < 30


@pytest.mark.parametrize("way", ["verify", "verify_async", "prefetch", "refresh"])
def test_interrupt_ends_a_program_that_waits_for_a_hanging_issuer(tmp_path, own_issuer, way):
    text = f"""
    verifier = verifier_of(timeout={4 * PATIENCE})
    print("ready", flush=True)
    if "{way}" == "verify_async":
        asyncio.run(verifier.verify_async(token))
    elif "{way}" == "verify":
        verifier.verify(token)
    else:
        verifier.{way}()
    """
    command = arguments(tmp_path, own_issuer, text, [own_issuer.mint()])
    with (
        own_issuer.respond("*", delay=8 * PATIENCE),
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout.readline() == "ready\n"
        eventually(lambda: own_issuer.fetches)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)

    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert process.returncode == -signal.SIGINT


# A second interpreter

SECOND = r"""
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters

    verifier = verifier_of()
    verifier.prefetch()
    inside = "\n".join([
        "try:",
        "    import authjwks",
        "except ImportError as refused:",
        "    __import__('os').write(1, str(refused).encode())",
    ])
    second = interpreters.create()
    getattr(interpreters, "exec", interpreters.run_string)(second, inside)
    interpreters.destroy(second)
    print()
    print(verdict(verifier, token))
"""


def test_second_interpreter_gets_an_import_error_and_the_first_goes_on(tmp_path, own_issuer):
    *refusal, verdict_of_the_first = run(tmp_path, own_issuer, SECOND, unmeasured())

    assert "interpreter" in " ".join(refusal)
    assert verdict_of_the_first == "user-1"
