"""Waits for keys in worker threads, so that no event loop is blocked."""

from __future__ import annotations

import os
from _thread import allocate_lock
from collections.abc import Callable
from time import monotonic

import authjwks._core as _core
from authjwks.errors import ConfigError, KeysUnavailable, error_for

TYPE_CHECKING = False  # as `typing` has it, whose import would take longer than ours
if TYPE_CHECKING:
    import asyncio

    Waiters = list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]]

# Seconds past a source's own timeout, after which a thread that waits for it counts as stuck: a fetch may not return.
_GRACE = 1.0

# As many as the core fetches with at once: an issuer that does not answer must not delay those who wait for another.
_MAX_THREADS = 8


class KeyWaiter:
    """A few daemon threads, started when there is work and gone after it. Thread-safe, for any number of event loops,
    and usable after a fork.

    However many tasks wait for one source of keys, one thread waits for all of them.
    """

    __slots__ = ("_workers",)

    def __init__(self) -> None:
        self._workers: dict[int, _Workers] = {}  # by process: threads do not live on in a fork

    def start(self, work: Callable[[], object]) -> None:
        """Have `work()` called by a thread, once however often it is asked for before it begins.

        Raises:
            RuntimeError: when there is no thread, and none can be started.
        """
        self._workers_of_process().start(work)

    async def wait(self, pending: _core.Pending) -> None:
        """Return once the issuer that `pending` waits for has answered or was given up; on asyncio or trio.

        Raises:
            KeysUnavailable: when no thread can be started to wait, or none has got an answer in time.
            ConfigError: on trio, when anyio is absent or too old.
        """
        try:
            import asyncio

            loop = asyncio.get_running_loop()
        except RuntimeError:
            await _wait_by_anyio(pending)
        else:
            await self._workers_of_process().wait(pending, loop)

    def _workers_of_process(self) -> _Workers:
        process = os.getpid()
        return self._workers.get(process) or self._workers.setdefault(process, _Workers())


class _Workers:
    """The threads of one process, and the tasks that wait for them."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._jobs: list[Callable[[], object]] = []
        self._threads = 0
        self._waiters: dict[_core.KeySource, Waiters] = {}
        self._overdue_at: dict[_core.KeySource, float] = {}  # when the thread that waits for a source counts as stuck

    def start(self, work: Callable[[], object]) -> None:
        from threading import Thread

        with self._lock:
            if work not in self._jobs:
                self._jobs.append(work)
            if self._threads == _MAX_THREADS:
                return
            self._threads += 1
        try:
            Thread(target=self._run_jobs, name="authjwks", daemon=True).start()
        except RuntimeError:
            with self._lock:
                self._threads -= 1
                if self._threads:
                    return  # one of those does the work
                self._jobs.clear()
                stranded = list(self._waiters)
            for source in stranded:
                self._release(source)
            raise

    async def wait(self, pending: _core.Pending, loop: asyncio.AbstractEventLoop) -> None:
        source, answered = pending.source, loop.create_future()
        now, limit = monotonic(), source.timeout + _GRACE
        with self._lock:
            needs_thread = now >= self._overdue_at.get(source, now)
            if needs_thread:
                self._overdue_at[source] = now + limit
            self._waiters.setdefault(source, []).append((loop, answered))
        if needs_thread:
            try:
                self.start(lambda: self._wait_for(pending))
            except RuntimeError as exhausted:
                raise error_for(KeysUnavailable, "infrastructure", "keys_unavailable") from exhausted
        timer = loop.call_later(limit, _expire, answered)
        try:
            await answered
        finally:
            timer.cancel()
            self._withdraw(source, loop, answered)

    def _run_jobs(self) -> None:
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

    def _wait_for(self, pending: _core.Pending) -> None:
        try:
            pending.wait()
        finally:
            self._release(pending.source)

    def _withdraw(
        self, source: _core.KeySource, loop: asyncio.AbstractEventLoop, answered: asyncio.Future[None]
    ) -> None:
        with self._lock:
            waiters = self._waiters.get(source, [])
            if (loop, answered) in waiters:
                waiters.remove((loop, answered))

    def _release(self, source: _core.KeySource) -> None:
        """Have the tasks that wait for `source` go on."""
        with self._lock:
            self._overdue_at.pop(source, None)
            waiters = self._waiters.pop(source, [])
        for loop, answered in waiters:
            _notify(loop, answered)


async def _wait_by_anyio(pending: _core.Pending) -> None:
    try:
        from anyio import move_on_after, to_thread

        with move_on_after(pending.source.timeout + _GRACE) as scope:
            await to_thread.run_sync(pending.wait, abandon_on_cancel=True)
        if scope.cancelled_caught:
            raise error_for(KeysUnavailable, "infrastructure", "keys_unavailable")
    except (AttributeError, ImportError, TypeError) as unfit:
        raise ConfigError("to wait for keys on trio takes anyio 4.8: install authjwks[trio]") from unfit
    except RuntimeError as exhausted:
        raise error_for(KeysUnavailable, "infrastructure", "keys_unavailable") from exhausted


def _notify(loop: asyncio.AbstractEventLoop, answered: asyncio.Future[None]) -> None:
    try:
        loop.call_soon_threadsafe(_complete, answered)
    except RuntimeError:
        return  # the loop has been closed, and its tasks with it


def _complete(answered: asyncio.Future[None]) -> None:
    if not answered.done():
        answered.set_result(None)


def _expire(answered: asyncio.Future[None]) -> None:
    if not answered.done():
        answered.set_exception(error_for(KeysUnavailable, "infrastructure", "keys_unavailable"))
