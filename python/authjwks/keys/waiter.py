"""Waits for keys: tasks of an event loop and greenlets of gevent let others run meanwhile, a plain thread blocks."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from functools import partial

import authjwks._core as _core
from authjwks.errors import ConfigError, KeysUnavailable, error_for
from authjwks.keys.greenlets import HubWait, HubWork, can_yield, is_fetching_for, is_patched
from authjwks.keys.workers import GRACE, Work, Workers

TYPE_CHECKING = False  # as `typing` has it, whose import would take longer than ours
if TYPE_CHECKING:
    import asyncio
    from typing import TypeVar

    T = TypeVar("T")


class KeyWaiter:
    """Thread-safe, for any number of event loops and hubs, and usable after a fork.

    However many tasks and greenlets wait for one source of keys, one thread waits for all of them.
    """

    __slots__ = ("_workers",)

    def __init__(self) -> None:
        self._workers: dict[int, Workers] = {}  # by process: threads do not live on in a fork

    def start(self, work: Work) -> None:
        """Have `work()` called by a thread, once however often it is asked for before it begins.

        Args:
            work: where functions of the user's may be called by it, a method of the source that it works for.

        Raises:
            RuntimeError: when there is no thread, and none can be started.
        """
        source = getattr(work, "__self__", None)
        self._workers_of_process().start(HubWork(source, work) if is_patched() else work)

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
            await self._wait_on_loop(pending, loop)

    def wait_blocking(self, pending: _core.Pending) -> None:
        """As `wait`, in a greenlet or a thread.

        Raises:
            KeysUnavailable: to a greenlet, as `wait` does, or when it is the one that fetches the keys.
        """
        if can_yield():
            self._wait_on_hub(pending.source, pending.source, pending.wait)
        else:
            pending.wait()

    def call(self, source: _core.KeySource, method: Callable[[], T]) -> T:
        """`method()`, a method of `source` that waits; while other greenlets run, if the caller is one.

        Raises:
            KeysUnavailable: when `method` does; to a greenlet, also as `wait_blocking` does.
        """
        if not can_yield():
            return method()
        results: list[T] = []
        failures: list[KeysUnavailable] = []

        def run() -> None:
            try:
                results.append(method())
            except KeysUnavailable as failure:
                failures.append(failure)

        self._wait_on_hub(run, source, run)
        if not results:
            raise failures[0] if failures else _unavailable()
        return results[0]

    def _wait_on_hub(self, key: Hashable, source: _core.KeySource, work: Work) -> None:
        if is_fetching_for(source):
            raise _unavailable()
        wait = HubWait()
        try:
            limit = self._workers_of_process().add_waiter(key, source.timeout, HubWork(source, work), wait.end)
            if not wait.is_ended(within=limit):
                raise _unavailable()
        finally:
            self._workers_of_process().remove_waiter(key, wait.end)  # after a fork: those of the child

    async def _wait_on_loop(self, pending: _core.Pending, loop: asyncio.AbstractEventLoop) -> None:
        source, answered = pending.source, loop.create_future()
        wake = partial(_notify, loop, answered)
        limit = self._workers_of_process().add_waiter(source, source.timeout, pending.wait, wake)
        timer = loop.call_later(limit, _expire, answered)
        try:
            await answered
        finally:
            timer.cancel()
            self._workers_of_process().remove_waiter(source, wake)

    def _workers_of_process(self) -> Workers:
        process = os.getpid()
        return self._workers.get(process) or self._workers.setdefault(process, Workers())


async def _wait_by_anyio(pending: _core.Pending) -> None:
    try:
        from anyio import move_on_after, to_thread

        with move_on_after(pending.source.timeout + GRACE) as scope:
            await to_thread.run_sync(pending.wait, abandon_on_cancel=True)
        if scope.cancelled_caught:
            raise _unavailable()
    except (AttributeError, ImportError, TypeError) as unfit:
        raise ConfigError("to wait for keys on trio takes anyio 4.8: install authjwks[trio]") from unfit
    except RuntimeError as exhausted:
        raise _unavailable() from exhausted


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
        answered.set_exception(_unavailable())


def _unavailable() -> KeysUnavailable:
    return error_for(KeysUnavailable, "infrastructure", "keys_unavailable")
