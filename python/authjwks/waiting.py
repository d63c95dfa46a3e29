"""Waits for keys in threads of its own, so that no event loop ever does."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from authjwks import _core

if TYPE_CHECKING:
    import asyncio

    Waiters = list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]]

_MAX_THREADS = 8


class WaitingRoom:
    """A few daemon threads, started when first needed, and anew in a forked process. Safe from many event loops.

    However many tasks wait for one source of keys, one thread does it for all of them; there are as many as issuers can
    be asked at once, so that one that hangs holds up nobody else.
    """

    __slots__ = ("_process", "_staff")

    def __init__(self) -> None:
        self._process = 0
        self._staff: _Staff | None = None

    def start(self, work: Callable[[], object]) -> None:
        """Have `work()` called by one of the threads. It must not raise."""
        self._on_duty().start(work)

    async def attend(self, source: _core.KeySource) -> None:
        """Return once the issuer that `source` is asking has answered or was given up; on asyncio or trio."""
        try:
            import asyncio

            loop = asyncio.get_running_loop()
        except RuntimeError:
            from anyio import to_thread

            await to_thread.run_sync(source.attend, abandon_on_cancel=True)
        else:
            await self._on_duty().attend(source, loop)

    def _on_duty(self) -> _Staff:
        if self._staff is None or self._process != os.getpid():
            self._process, self._staff = os.getpid(), _Staff()
        return self._staff


class _Staff:
    """The threads of one process, and whom they do it for."""

    def __init__(self) -> None:
        from queue import SimpleQueue
        from threading import Lock

        self._jobs: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._lock = Lock()
        self._threads = 0
        self._busy = 0
        self._waiters: dict[_core.KeySource, Waiters] = {}

    def start(self, work: Callable[[], object]) -> None:
        with self._lock:
            self._busy += 1
            grows = self._busy > self._threads < _MAX_THREADS
            self._threads += grows
        self._jobs.put(work)
        if grows:
            from threading import Thread

            Thread(target=self._work, name="authjwks", daemon=True).start()

    async def attend(self, source: _core.KeySource, loop: asyncio.AbstractEventLoop) -> None:
        arrival = loop.create_future()
        with self._lock:
            is_first = source not in self._waiters
            self._waiters.setdefault(source, []).append((loop, arrival))
        if is_first:
            self.start(lambda: self._wait_for(source))
        await arrival

    def _work(self) -> None:
        while True:
            self._jobs.get()()
            with self._lock:
                self._busy -= 1

    def _wait_for(self, source: _core.KeySource) -> None:
        source.attend()
        with self._lock:
            waiters = self._waiters.pop(source)
        for loop, arrival in waiters:
            _tell(loop, arrival)


def _tell(loop: asyncio.AbstractEventLoop, arrival: asyncio.Future[None]) -> None:
    try:
        loop.call_soon_threadsafe(_arrive, arrival)
    except RuntimeError:
        return  # the loop has been closed, and its tasks with it


def _arrive(arrival: asyncio.Future[None]) -> None:
    if not arrival.done():
        arrival.set_result(None)
