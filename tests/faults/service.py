"""One service under fault, as a process of its own: brings a verifier into a state, then verifies when it is told to.

Run as `python -m tests.faults.service ORDER`. It prints one line of JSON when it is up, when its verifier is in the
state asked for, after the verifications, and when good tokens are accepted again; before each of the last two it waits
for a line on its standard input.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from authjwks import FetchFailure, HttpOptions, InvalidToken, KeyOptions, KeysUnavailable, Verifier

ROUNDS = 2
_POLL_SECONDS = 0.1
_PATIENCE_SECONDS = 90.0
_SHORT_TTL = 1.0


class Seen(NamedTuple):
    """One call of `verify`."""

    token: str
    verdict: str
    seconds: float


def main() -> None:
    """Follow the order in the first argument, see tests/faults/matrix.py."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    expired = order["state"] == "ttl expired"
    verifier = Verifier(
        order["issuer"],
        order["audience"],
        jwks_uri=order["jwks_uri"],
        keys=KeyOptions(ttl=_SHORT_TTL) if expired else KeyOptions(),
        http=HttpOptions(timeout=order["timeout"], ca_file=order["ca_file"], proxy=order["proxy"]),
    )
    if order["state"] != "cold":
        verifier.verify(order["first"])
    tell("up")
    if expired:
        wait_until_forgotten(verifier)
    crew = Crew(verifier, order["tokens"], order["threads"])
    before = resident_megabytes()
    flights = verifier.health().issuers[0].fetches
    tell("ready")
    sys.stdin.readline()
    seen = crew.run()
    failure = wait_for_failure(verifier)
    code, sentence = (None, None) if failure is None else (failure.code, str(failure))
    flights = verifier.health().issuers[0].fetches - flights
    tell("verified", seen=seen, flights=flights, code=code, sentence=sentence)
    sys.stdin.readline()
    seconds, refused = recover(verifier, order["tokens"]["good"])
    tell("recovered", seconds=seconds, refused=refused, megabytes=peak_megabytes() - before)


class Crew:
    """Threads that verify all the tokens at the same moment, several rounds of it."""

    def __init__(self, verifier: Verifier, tokens: dict[str, str], size: int) -> None:
        self._verifier = verifier
        self._tokens = tokens
        self._seen: list[Seen] = []
        self._line = threading.Barrier(size + 1)
        self._threads = [threading.Thread(target=self._work) for _ in range(size)]
        for thread in self._threads:
            thread.start()

    def run(self) -> list[Seen]:
        """What every call came to."""
        for _ in range(ROUNDS):
            self._line.wait()
        for thread in self._threads:
            thread.join()
        return self._seen

    def _work(self) -> None:
        for _ in range(ROUNDS):
            self._line.wait()
            for name, token in self._tokens.items():
                began = time.monotonic()
                verdict = judge(self._verifier, token)
                self._seen.append(Seen(name, verdict, time.monotonic() - began))


def judge(verifier: Verifier, token: str) -> str:
    """The verdict as one word."""
    try:
        verifier.verify(token)
    except KeysUnavailable as unavailable:
        return unavailable.code if 1 <= unavailable.retry_after <= 60 else f"retry after {unavailable.retry_after}"
    except InvalidToken as refused:
        return refused.code
    return "accepted"


def recover(verifier: Verifier, token: str) -> tuple[float, list[str]]:
    """Seconds until a good token is accepted by fresh keys, and the verdicts before that."""
    began, verdicts = time.monotonic(), set()
    while (passed := time.monotonic() - began) < _PATIENCE_SECONDS:
        verdict = judge(verifier, token)
        if verdict == "accepted" and verifier.health().issuers[0].state == "fresh":
            break
        verdicts.add(verdict)
        time.sleep(_POLL_SECONDS)
    return passed, sorted(verdicts - {"accepted"})


def wait_until_forgotten(verifier: Verifier) -> None:
    """Wait until keys that nobody asks for are not refreshed any more, and have expired."""
    while (verifier.health().issuers[0].age or 0.0) < 2 * _SHORT_TTL:
        time.sleep(_POLL_SECONDS)


def wait_for_failure(verifier: Verifier) -> FetchFailure | None:
    """Why the latest fetch failed; known a moment after who waited for it has given up."""
    while verifier.health().issuers[0].refreshing:
        time.sleep(_POLL_SECONDS)
    return verifier.health().issuers[0].last_error


def resident_megabytes() -> float:
    """What this process occupies now; its peak is counted from here on (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")
    return _megabytes("VmRSS")


def peak_megabytes() -> float:
    """The most that it has occupied since."""
    return _megabytes("VmHWM")


def _megabytes(field: str) -> float:
    found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def tell(event: str, **details: Any) -> None:
    """Print a line for the process that gives the orders."""
    print(json.dumps({"event": event, **details}), flush=True)


if __name__ == "__main__":
    main()
