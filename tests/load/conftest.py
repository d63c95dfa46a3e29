"""One run under load that all tests here judge, and its report at the end."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from tests.load.app import WORKER_HEADER
from tests.load.issuer_process import IssuerProcess
from tests.load.report import Run, report
from tests.load.traffic import Mint, send_traffic
from tests.support.waiting import eventually

WORKERS = 2
SECONDS = float(os.environ.get("AUTHJWKS_LOAD_SECONDS", "180"))

_ROOT = Path(__file__).resolve().parents[2]
_RUN = pytest.StashKey[Run]()


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Run:
    """Traffic for SECONDS seconds, beside rotations and outages."""
    with IssuerProcess() as issuer, serving(issuer.issuer) as url:
        workers = find_workers(url)
        before = {worker: resident_kilobytes(worker) for worker in workers}
        mint = Mint(issuer.issuer, issuer.keys, issuer.timeline)
        began = time.monotonic()
        answers = asyncio.run(send_traffic(url, mint, SECONDS))
        passed = time.monotonic() - began
        memory = {worker: (before[worker], resident_kilobytes(worker)) for worker in workers}
    finished = Run(answers, issuer.timeline, passed, issuer.fetches, memory)
    request.config.stash[_RUN] = finished
    return finished


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the report."""
    if (finished := config.stash.get(_RUN, None)) is not None:
        terminalreporter.section("under load")
        for line in report(finished):
            terminalreporter.write_line(line)


@contextmanager
def serving(issuer: str) -> Iterator[str]:
    """The service by two processes of uvicorn; gives its URL."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        listener.set_inheritable(True)
        command = [sys.executable, "-m", "uvicorn", "--factory", "tests.load.app:make_app"]
        options = [
            f"--workers={WORKERS}",
            f"--fd={listener.fileno()}",
            "--log-level=warning",
            "--no-access-log",
            "--lifespan=off",
        ]
        environment = {**os.environ, "LOAD_ISSUER": issuer}
        process = subprocess.Popen([*command, *options], cwd=_ROOT, env=environment, pass_fds=[listener.fileno()])
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def find_workers(url: str) -> set[str]:
    """The processes that answer, all of them, once they do; they fetch no keys for it."""
    found: set[str] = set()

    def ask() -> bool:
        with suppress(httpx.TransportError):
            found.add(httpx.get(url, trust_env=False, timeout=30.0).headers[WORKER_HEADER])
        return len(found) == WORKERS

    eventually(ask, within=60.0)
    return found


def resident_kilobytes(process: str) -> int:
    """What a process occupies in memory now."""
    match = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    assert match is not None
    return int(match[1])
