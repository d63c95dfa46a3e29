"""The fault matrix: every state of a verifier under every fault, by one thread and by many, each in its own process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults.expectations import CELLS, STATES, THREADS, Cell
from tests.faults.fault import Fault
from tests.faults.faulty_server import FaultyServer
from tests.faults.http_faults import gzip_bomb
from tests.faults.routes import Route, route_for
from tests.faults.tls_faults import Identity
from tests.faults.tokens import AUDIENCE, ISSUER, mint, new_key

from authjwks.testing import SigningKey

TIMEOUT_SECONDS = 1.0  # instead of 5, for the run's sake; but for it and a short ttl, all options are the default ones

_ROOT = Path(__file__).resolve().parents[2]
_AT_ONCE = 44  # cells under way: nearly all of their time is waiting
_BUSY = 3  # of them starting or verifying


class Outcome(NamedTuple):
    """What became of a cell.

    Attributes:
        verdicts: of each token ("good", "forged", in the state "unknown kid" also "known"), all that were seen.
        slowest: seconds of the slowest call.
        fetches: how often the issuer was asked while it was at fault.
        stray_fetches: how often an attacker's server was asked, to which the issuer redirects.
        megabytes: growth of the process at its peak.
        recovery: seconds from the end of the fault until good tokens are accepted by fresh keys.
        refused: verdicts on the good token meanwhile, other than "accepted".
        code, sentence: why the latest fetch failed, while the fault lasted, and what the operator reads of it; None
            when it went well.
    """

    verdicts: dict[str, set[str]]
    slowest: float
    fetches: int
    stray_fetches: int
    megabytes: float
    recovery: float
    refused: list[str]
    code: str | None
    sentence: str | None


class Cast(NamedTuple):
    """The keys of a cell.

    Attributes:
        old: published before the fault.
        good: what good tokens are signed with once the fault has begun, and published then.
        attackers: published nowhere, under the id of the good one.
    """

    old: SigningKey
    good: SigningKey
    attackers: SigningKey

    @property
    def published(self) -> list[SigningKey]:
        """What the issuer has once the fault has begun."""
        return [self.good] if self.good.kid == self.old.kid else [self.good, self.old]


def cast_of(cell: Cell) -> Cast:
    """Keys that nobody else has."""
    old, new = new_key("old"), new_key("new" if cell.state == "unknown kid" else "old")
    good = new if cell.state == "unknown kid" or cell.fault is Fault.REPLACED_KEY else old
    return Cast(old, good, new_key(good.kid))


def key_set(*keys: SigningKey) -> bytes:
    """The document with their public halves."""
    return json.dumps({"keys": [key.jwk() for key in keys]}).encode()


class Matrix:
    """Runs cells, many at a time, each against a server of its own with this identity.

    Args:
        ca_file: PEM file of whom the services under test trust.
    """

    def __init__(self, ca_file: Path, identity: Identity) -> None:
        self._ca_file = ca_file
        self._identity = identity
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._busy = threading.Semaphore(_BUSY)
        self._planned: dict[Cell, Future[Outcome]] = {}
        gzip_bomb()

    def plan(self, cells: Iterable[Cell]) -> None:
        """Start these cells; those that take longest come first."""
        for cell in sorted(cells, key=lambda cell: (cell.state != "unknown kid", cell.threads)):
            self._planned[cell] = self._pool.submit(self._run, cell)

    def outcome(self, cell: Cell) -> Outcome:
        """Wait for a planned cell."""
        return self._planned[cell].result()

    def outcomes(self) -> dict[Cell, Outcome]:
        """Those that came to an end."""
        ended = {cell: future for cell, future in self._planned.items() if future.done() and not future.exception()}
        return {cell: future.result() for cell, future in ended.items()}

    def close(self) -> None:
        """Wait for cells under way, and start no more."""
        self._pool.shutdown(cancel_futures=True)

    def _run(self, cell: Cell) -> Outcome:
        cast = cast_of(cell)
        with (
            FaultyServer(self._identity) as issuer,
            FaultyServer(self._identity) as attacker,
            route_for(cell.fault, issuer.port) as route,
        ):
            issuer.publish(cast.old)
            attacker.publish(cast.attackers)
            issuer.elsewhere = attacker.jwks_uri
            issuer.impostor_set = key_set(cast.attackers)
            issuer.lagging_set = key_set(cast.old)
            order = self._order(cell, cast, route)
            with self._busy:
                service = _Service(order, route.command)
                service.hear("up")
            with service:
                service.hear("ready")
                with self._busy:
                    issuer.publish(*cast.published)
                    issuer.fail(cell.fault)
                    route.block()
                    began = time.monotonic()
                    service.go_on()
                    verified = service.hear("verified")
                    fetches = max(issuer.fetches(began), verified["flights"])
                    issuer.fail(None)
                    route.clear()
                service.go_on()
                recovered = service.hear("recovered")
            return Outcome(
                verdicts={name: {v for seen, v, _ in verified["seen"] if seen == name} for name in order["tokens"]},
                slowest=max(seconds for _, _, seconds in verified["seen"]),
                fetches=fetches,
                stray_fetches=len(attacker.requests),
                megabytes=recovered["megabytes"],
                recovery=recovered["seconds"],
                refused=recovered["refused"],
                code=verified["code"],
                sentence=verified["sentence"],
            )

    def _order(self, cell: Cell, cast: Cast, route: Route) -> dict[str, Any]:
        tokens = {"good": mint(cast.good), "forged": mint(cast.attackers)}
        if cell.state == "unknown kid":
            tokens["known"] = mint(cast.old)
        return {
            "state": cell.state,
            "threads": cell.threads,
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "jwks_uri": f"https://{route.host}:{route.port}/jwks",
            "ca_file": str(self._ca_file),
            "proxy": route.proxy,
            "timeout": TIMEOUT_SECONDS,
            "first": mint(cast.old),
            "tokens": tokens,
        }


class _Service:
    """A process of tests/faults/service.py."""

    def __init__(self, order: dict[str, Any], command: list[str]) -> None:
        self._process = subprocess.Popen(
            [*command, sys.executable, "-m", "tests.faults.service", json.dumps(order)],
            cwd=_ROOT,
            env={**os.environ, "PYTHONWARNINGS": "error"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hear(self, event: str) -> dict[str, Any]:
        """What it has to say about that event."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the service ended with code {self._process.wait()} before it was {event}")
        told: dict[str, Any] = json.loads(line)
        assert told["event"] == event
        return told

    def go_on(self) -> None:
        """Let it take its next step."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def __enter__(self) -> _Service:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)  # also closes what leads to it


def table(outcomes: dict[Cell, Outcome]) -> list[str]:
    """The matrix as text: a line for each state and fault, with the same columns for each number of threads."""
    columns = f"{'verdict':<17}{'slowest':>8}{'fetches':>8}{'MB':>6}{'recovery':>9}"
    lines = [
        f"{'':<33}" + "".join(f"| {f'{threads} thread' + 's' * (threads > 1):<48}" for threads in THREADS),
        f"{'state':<12}{'fault':<21}" + f"| {columns}" * len(THREADS),
    ]
    for state, fault in product(STATES, Fault):
        cells = [outcomes.get(Cell(state, fault, threads)) for threads in THREADS]
        if any(cells):
            lines.append(f"{state:<12}{fault.value:<21}" + "".join(f"| {_columns(outcome):<48}" for outcome in cells))
    lines.append(_summary(list(outcomes.values())))
    lines.append("what the operator reads:")
    for fault in Fault:
        read = {_without_port(each.sentence) for cell, each in outcomes.items() if cell.fault is fault}
        lines += [f"{fault.value:<21}{sentence}" for sentence in sorted(read - {""})]
    return [line.rstrip() for line in lines]


def _without_port(sentence: str | None) -> str:
    return re.sub(r"(?<=:)\d{4,5}(?=/)", "PORT", sentence or "")


def _summary(outcomes: list[Outcome]) -> str:
    return (
        f"{len(outcomes)} of {len(CELLS)} cells came to an end; at worst "
        f"a call of {max((each.slowest for each in outcomes), default=0):.2f} s, "
        f"{max((each.fetches for each in outcomes), default=0)} fetches, "
        f"{max((each.megabytes for each in outcomes), default=0):.1f} MB, "
        f"{max((each.recovery for each in outcomes), default=0):.1f} s to recover"
    )


def _columns(outcome: Outcome | None) -> str:
    if outcome is None:
        return "not run"
    verdict = " ".join(sorted(outcome.verdicts["good"]))
    figures = f"{outcome.slowest:>6.2f} s{outcome.fetches:>8}{outcome.megabytes:>6.1f}{outcome.recovery:>7.1f} s"
    return f"{verdict:<17}{figures}"
