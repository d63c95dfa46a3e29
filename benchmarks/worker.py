"""One contestant in a process of its own, controlled by lines of text: `python -m benchmarks.worker NAME`."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import os
import sys
from pathlib import Path

from benchmarks import cases
from benchmarks.batches import Batch, async_batch, repeated, sync_batch, tasks_at_once, timed, verdict
from benchmarks.cases import Case
from benchmarks.contestants import Cannot, Contestant, contestant


class Stage:
    """A contestant that has been given a case, and has proved that it tells good tokens from bad ones."""

    def __init__(self, library: Contestant, case: Case) -> None:
        if case.algorithm not in library.algorithms:
            raise Cannot(f"not for {case.algorithm}")
        self._library = library
        self._case = case
        self._place = 0
        self._loop = asyncio.new_event_loop()
        self._parse = library.parser(case) if case.parses_keys else None
        self._prove_new()

    def time(self, calls: int, threads: int) -> tuple[int, int]:
        """CPU and wall time, in ns, that `calls` calls take in each of so many threads."""
        if self._case.starts_fresh:
            self._prove_new()
        batches = [self._batch(calls) for _ in range(threads)]
        gc.collect()
        gc.disable()
        try:
            return timed(batches)
        finally:
            gc.enable()

    def herd(self, size: int) -> tuple[int, int]:
        """As `time`, for the first `size` calls of a new verifier, all at once."""
        # Another address, as some keep what they fetched for as long as the process lives.
        verify = self._library.verifier(self._case._replace(url=f"{self._case.url}?cold"))
        tokens = [self._case.good] * size
        if inspect.iscoroutinefunction(verify):
            return timed([tasks_at_once(verify, tokens, self._loop)])
        return timed([sync_batch(verify, [token], is_refused=False) for token in tokens])

    def _prove_new(self) -> None:
        """Begin anew with a verifier that has seen nothing but the tokens of its proof."""
        self._verify = self._library.verifier(self._case)
        if (refusal := verdict(self._verify, self._case.good, self._loop)) is not None:
            raise RuntimeError("refuses a good token") from refusal
        if verdict(self._verify, self._case.tampered, self._loop) is None:
            raise RuntimeError("accepts a tampered token")
        self._place = 0

    def _batch(self, calls: int) -> Batch:
        if self._parse is not None:
            return repeated(self._parse, calls)
        tokens, start, is_refused = self._case.tokens, self._place, self._case.is_refused
        self._place += calls
        batch = [tokens[(start + i) % len(tokens)] for i in range(calls)]
        if inspect.iscoroutinefunction(self._verify):
            return async_batch(self._verify, batch, self._loop, is_refused=is_refused)
        return sync_batch(self._verify, batch, is_refused=is_refused)


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Answer each line of standard input by one line; `players.Player` is the other side."""
    logging.disable()  # some write a line or a traceback for each refusal
    library: Contestant | None = None
    stage: Stage | None = None
    for line in sys.stdin:
        command, *words = line.split()
        try:
            if command == "prepare":
                library = library or contestant(sys.argv[1])
                stage = Stage(library, cases.read(Path(words[0])))
                answer = "ready"
            elif stage is None:
                answer = "broken: nothing was prepared"
            elif command == "rss":
                answer = str(_resident_bytes())
            else:
                answer = "{} {}".format(*getattr(stage, command)(*map(int, words)))
        except Cannot as reason:
            answer = f"cannot {reason}"
        except Exception as failure:  # noqa: BLE001 # whatever it is, the other side must hear of it
            answer = f"broken {type(failure).__name__}: {failure} {failure.__cause__ or ''}"
        print(" ".join(answer.split()), flush=True)


if __name__ == "__main__":
    main()
