"""Runs what must wait for keys in threads of its own, so that no event loop ever waits."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

ArgumentT = TypeVar("ArgumentT")
ResultT = TypeVar("ResultT")


class WaitingRoom:
    """At most two threads, started when first needed, and anew in a forked process. Safe from many event loops."""

    __slots__ = ("_executors",)

    def __init__(self) -> None:
        self._executors: dict[int, ThreadPoolExecutor] = {}

    async def run(self, work: Callable[[ArgumentT], ResultT], argument: ArgumentT) -> ResultT:
        """`work(argument)`; when the task that awaits it is cancelled, the result is dropped."""
        import asyncio

        return await asyncio.get_running_loop().run_in_executor(self._executor(), work, argument)

    def _executor(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor

        process = os.getpid()
        # setdefault is one step for all threads, and an executor that loses the race has no thread yet.
        return self._executors.get(process) or self._executors.setdefault(process, ThreadPoolExecutor(2, "authjwks"))
