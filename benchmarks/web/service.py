"""A service under granian in a process of its own, pinned to one processor, and the load on it from another."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from benchmarks.environment import ROOT

INTERFACES = {"flask": "wsgi", "fastapi": "asgi"}
CONNECTIONS = 8


class Load(NamedTuple):
    """What came of a load: answers a second, and the server's CPU time for each, in µs."""

    speed: float
    cpu: float


class Service:
    """One framework behind one guard. Runs within the `with` block."""

    def __init__(self, framework: str, guard: str, case: Path) -> None:
        self._port = _free_port()
        options = ["--interface", INTERFACES[framework], "--port", str(self._port), "--workers", "1"]
        quiet = ["--no-ws", "--log-level", "error", "--blocking-threads", "1"]
        app = ["--factory", f"benchmarks.web.{framework}_app:make"]
        command = [sys.executable, "-m", "granian", *options, *quiet, *app]
        environment = os.environ | {"BENCH_GUARD": guard, "BENCH_CASE": str(case)}
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
        os.sched_setaffinity(self._process.pid, {processors()[0]})

    def __enter__(self) -> Service:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def status(self, token: str, patience: float = 20.0) -> int:
        """The status of an answer; the service may first have to come up, for so many seconds."""
        end = time.monotonic() + patience
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=patience)
            try:
                connection.request("GET", "/", headers={"Authorization": f"Bearer {token}"})
                return connection.getresponse().status
            except ConnectionRefusedError:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise
                time.sleep(0.05)
            finally:
                connection.close()

    def load(self, client: Path, tokens: Path, seconds: float) -> Load:
        """Send tokens for so many seconds, or until each of several was sent once.

        Raises:
            RuntimeError: when an answer was not 200.
        """
        command = [str(client), str(self._port), str(CONNECTIONS), str(seconds), str(tokens)]
        before = self._cpu_seconds()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as load:
            os.sched_setaffinity(load.pid, {processors()[-1]})
            printed, _ = load.communicate()
        used = self._cpu_seconds() - before
        answered, refused, took = printed.split()
        if int(refused):
            raise RuntimeError(f"{refused} of {answered} good tokens were refused")
        return Load(int(answered) / float(took), used / int(answered) * 1e6)

    def _cpu_seconds(self) -> float:
        """CPU time of all threads of the service so far; they live as long as it does."""
        nanoseconds = 0
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(FileNotFoundError, ProcessLookupError):  # others come and go
                if os.getpgid(int(process.name)) == self._process.pid:
                    threads = process.glob("task/*/schedstat")
                    nanoseconds += sum(int(thread.read_text().split()[0]) for thread in threads)
        return nanoseconds / 1e9


def processors() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
