"""Waits for keys in threads of its own, so that no event loop ever does."""

from __future__ import annotations

import os
from _thread import allocate_lock
from time import monotonic

from authjwks import _core
from authjwks.errors import ConfigError, KeysUnavailable, refusal
from authjwks.hints import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    import asyncio

    Waiters = list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]]

# Seconds past a source's own timeout, after which a thread that waits for it counts as stuck: a fetch may not return.
_GRACE = 1.0

# As many as the core fetches with at once: one issuer's silence must not keep another's answer from who waits for it.
_MOST_THREADS = 8


class WaitingRoom:
    """A few daemon threads, started when there is work and gone after it. Safe from many event loops, and after a fork.

    However many tasks wait for one source of keys, one thread does it for all of them.
    """

    __slots__ = ("_staffs",)

    def __init__(self) -> None:
        self._staffs: dict[int, _Staff] = {}  # by process: what a fork leaves behind is nobody's

    def start(self, work: Callable[[], object]) -> None:
        """Have `work()` called by a thread, once however often it is asked for before it begins.

        Raises:
            RuntimeError: when there is no thread, and none can be had.
        """
        self._on_duty().start(work)

    async def attend(self, source: _core.KeySource) -> None:
        """Return once the issuer that `source` is asking has answered or was given up; on asyncio or trio.

        Raises:
            KeysUnavailable: when no thread can be had to wait, or none has got an answer in time.
            ConfigError: on trio, when anyio is absent or too old.
        """
        try:
            import asyncio

            loop = asyncio.get_running_loop()
        except RuntimeError:
            await _attend_by_anyio(source)
        else:
            await self._on_duty().attend(source, loop)

    def _on_duty(self) -> _Staff:
        process = os.getpid()
        return self._staffs.get(process) or self._staffs.setdefault(process, _Staff())


class _Staff:
    """The threads of one process, and whom they do it for."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._jobs: list[Callable[[], object]] = []
        self._threads = 0
        self._waiters: dict[_core.KeySource, Waiters] = {}
        self._overdue: dict[_core.KeySource, float] = {}  # when a thread that attends to a source counts as stuck

    def start(self, work: Callable[[], object]) -> None:
        from threading import Thread

        with self._lock:
            if work not in self._jobs:
                self._jobs.append(work)
            if self._threads == _MOST_THREADS:
                return
            self._threads += 1
        try:
            Thread(target=self._work, name="authjwks", daemon=True).start()
        except RuntimeError:
            with self._lock:
                self._threads -= 1
                if self._threads:
                    return  # one of those does the work
                self._jobs.clear()
                stranded = list(self._waiters)
            for source in stranded:
                self._dismiss(source)
            raise

    async def attend(self, source: _core.KeySource, loop: asyncio.AbstractEventLoop) -> None:
        arrival, now, limit = loop.create_future(), monotonic(), source.timeout + _GRACE
        with self._lock:
            is_unattended = now >= self._overdue.get(source, now)
            if is_unattended:
                self._overdue[source] = now + limit
            self._waiters.setdefault(source, []).append((loop, arrival))
        if is_unattended:
            try:
                self.start(lambda: self._wait_for(source))
            except RuntimeError as exhausted:
                raise refusal(KeysUnavailable, "infrastructure", "keys_unavailable") from exhausted
        alarm = loop.call_later(limit, _expire, arrival)
        try:
            await arrival
        finally:
            alarm.cancel()
            self._withdraw(source, loop, arrival)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._threads -= 1
                    return
                work = self._jobs.pop(0)
            try:
                work()
            except Exception:
                from logging import getLogger

                getLogger("authjwks").exception("a thread that fetches or waits for keys failed, and goes on")

    def _wait_for(self, source: _core.KeySource) -> None:
        try:
            source.attend()
        finally:
            self._dismiss(source)

    def _withdraw(
        self, source: _core.KeySource, loop: asyncio.AbstractEventLoop, arrival: asyncio.Future[None]
    ) -> None:
        with self._lock:
            waiters = self._waiters.get(source, [])
            if (loop, arrival) in waiters:
                waiters.remove((loop, arrival))

    def _dismiss(self, source: _core.KeySource) -> None:
        """Let those who wait for `source` go and ask again."""
        with self._lock:
            self._overdue.pop(source, None)
            waiters = self._waiters.pop(source, [])
        for loop, arrival in waiters:
            _tell(loop, arrival)


async def _attend_by_anyio(source: _core.KeySource) -> None:
    try:
        from anyio import move_on_after, to_thread

        with move_on_after(source.timeout + _GRACE) as scope:
            await to_thread.run_sync(source.attend, abandon_on_cancel=True)
        if scope.cancelled_caught:
            raise refusal(KeysUnavailable, "infrastructure", "keys_unavailable")
    except (AttributeError, ImportError, TypeError) as unfit:
        raise ConfigError("to wait for keys on trio takes anyio 4.8: install authjwks[trio]") from unfit
    except RuntimeError as exhausted:
        raise refusal(KeysUnavailable, "infrastructure", "keys_unavailable") from exhausted


def _tell(loop: asyncio.AbstractEventLoop, arrival: asyncio.Future[None]) -> None:
    try:
        loop.call_soon_threadsafe(_arrive, arrival)
    except RuntimeError:
        return  # the loop has been closed, and its tasks with it


def _arrive(arrival: asyncio.Future[None]) -> None:
    if not arrival.done():
        arrival.set_result(None)


def _expire(arrival: asyncio.Future[None]) -> None:
    if not arrival.done():
        arrival.set_exception(refusal(KeysUnavailable, "infrastructure", "keys_unavailable"))
