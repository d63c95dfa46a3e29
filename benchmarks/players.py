"""The processes that contestants run in, seen from outside: one command a line, one answer a line.

| command | answer |
|---|---|
| `prepare FOLDER ALGORITHM` | `ready` when it tells the good token from the tampered one; else `cannot REASON` |
| `time CALLS THREADS` | nanoseconds: CPU time of the process, and wall time |
| `herd CALLS` | the same, for the first calls of a new verifier, all at once |
| `rss` | resident bytes of the process |

Anything else is an answer that begins with `broken`. What they write to stderr is in `build/benchmarks/workers.log`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from benchmarks import environment
from benchmarks.environment import BUILD, ROOT


class Broken(Exception):
    """A contestant did what none may do: it failed without a reason, or accepted what it must refuse."""


class Player:
    """A contestant's process. Ends with the `with` block."""

    def __init__(self, name: str, command: list[str] | None = None) -> None:
        self.name = name
        run = command or [sys.executable, "-m", "benchmarks.worker", name]
        pipe = subprocess.PIPE
        env = os.environ | environment.path_of(name)
        with (BUILD / "workers.log").open("a") as log:
            self._process = subprocess.Popen(run, stdin=pipe, stdout=pipe, stderr=log, text=True, cwd=ROOT, env=env)

    def __enter__(self) -> Player:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.communicate()

    def pin(self, processor: int) -> None:
        """Keep its main thread, and the threads it starts from now on, on one processor."""
        os.sched_setaffinity(self._process.pid, {processor})

    def prepare(self, folder: Path, algorithm: str) -> str | None:
        """Give it a case. None when it is ready, else the reason why it cannot take part."""
        answer = self._ask(f"prepare {folder} {algorithm}")
        return None if answer == "ready" else answer.removeprefix("cannot ")

    def time(self, calls: int, threads: int = 1) -> tuple[int, int]:
        """CPU and wall time, in ns, of `calls` calls in each of so many threads."""
        cpu, wall = self._ask(f"time {calls} {threads}").split()
        return int(cpu), int(wall)

    def herd(self, calls: int) -> None:
        """Let a new verifier have its first calls, all at once."""
        self._ask(f"herd {calls}")

    def resident_bytes(self) -> int:
        return int(self._ask("rss"))

    def _ask(self, command: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        if not answer or answer.startswith("broken"):
            raise Broken(f"{self.name}: {command}: {answer or 'the process ended'}")
        return answer
