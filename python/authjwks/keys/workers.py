"""The threads that fetch and wait for keys, so that no event loop and no hub of greenlets is blocked."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import monotonic

from authjwks.errors import KeysUnavailable, error_for
from authjwks.keys.greenlets import is_patched, native_lock, start_native_thread

# Seconds past the time that a wait should take, after which its thread counts as stuck: a fetch may not return.
GRACE = 1.0

# As many as the core fetches with at once: an issuer that does not answer must not delay those who wait for another.
_MAX_THREADS = 8

Work = Callable[[], object]
Wake = Callable[[], object]
"""Has a task or a greenlet go on; called by any thread, once at most. Equal to no other's."""


class Workers:
    """A few daemon threads of one process, started when there is work and gone after it. Thread-safe."""

    def __init__(self) -> None:
        self._lock = native_lock()
        self._jobs: list[Work] = []
        self._threads = 0
        self._waiters: dict[Hashable, list[Wake]] = {}  # by what they wait for
        self._overdue_at: dict[Hashable, float] = {}  # when the thread that waits for it counts as stuck

    def start(self, work: Work) -> None:
        """Have `work()` called by a thread, once however often it is asked for before it begins.

        Raises:
            RuntimeError: when there is no thread, and none can be started.
        """
        with self._lock:
            if work not in self._jobs:
                self._jobs.append(work)
            if self._threads == _MAX_THREADS:
                return
            self._threads += 1
        try:
            self._start_thread()
        except RuntimeError:
            with self._lock:
                self._threads -= 1
                if self._threads:
                    return  # one of those does the work
                self._jobs.clear()
                stranded = list(self._waiters)
            for key in stranded:
                self._release(key)
            raise

    def add_waiter(self, key: Hashable, timeout: float, wait: Work, wake: Wake) -> float:
        """Have `wake()` called once `wait()` has returned, which one thread calls for all who give the same key.

        Returns:
            Seconds after which it is not worth waiting any longer; `timeout` is how many `wait()` should take.

        Raises:
            KeysUnavailable: when there is no thread, and none can be started.
        """
        now, limit = monotonic(), timeout + GRACE
        with self._lock:
            needs_thread = now >= self._overdue_at.get(key, now)
            if needs_thread:
                self._overdue_at[key] = now + limit
            self._waiters.setdefault(key, []).append(wake)
        if needs_thread:
            try:
                self.start(lambda: self._wait_for(key, wait))
            except RuntimeError as exhausted:
                raise error_for(KeysUnavailable, "infrastructure", "keys_unavailable") from exhausted
        return limit

    def remove_waiter(self, key: Hashable, wake: Wake) -> None:
        """Forget who no longer waits, if it is known here."""
        with self._lock:
            waiters = self._waiters.get(key, [])
            if wake in waiters:
                waiters.remove(wake)

    def _start_thread(self) -> None:
        if is_patched():
            start_native_thread(self._run_jobs)
            return
        from threading import Thread

        Thread(target=self._run_jobs, name="authjwks", daemon=True).start()

    def _run_jobs(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._threads -= 1
                    return
                work = self._jobs.pop(0)
            _call(work)

    def _wait_for(self, key: Hashable, wait: Work) -> None:
        try:
            wait()
        finally:
            self._release(key)

    def _release(self, key: Hashable) -> None:
        """Have all go on who wait for it."""
        with self._lock:
            self._overdue_at.pop(key, None)
            waiters = self._waiters.pop(key, [])
        for wake in waiters:
            _call(wake)


def _call(work: Work) -> None:
    try:
        work()
    except Exception:
        from logging import getLogger

        getLogger("authjwks").exception("a thread that fetches or waits for keys failed, and goes on")
