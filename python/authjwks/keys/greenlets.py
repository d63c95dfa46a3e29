"""Greenlets of gevent: whether waiting has to yield to their hub, and how they and native threads work for each other.

Nothing here imports gevent unless something else has already patched the standard library with it.
"""

from __future__ import annotations

import _thread
import sys
from collections.abc import Callable
from contextvars import ContextVar

import authjwks._core as _core
from authjwks._frozen import Frozen

TYPE_CHECKING = False  # as `typing` has it, whose import would take longer than ours
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")

# Seconds that a call is given to end once its greenlet was told to.
_GRACE = 1.0


def is_patched() -> bool:
    """Whether gevent has replaced what this process starts threads or opens connections with."""
    if sys.modules.get("gevent.monkey") is None:
        return False
    from gevent.monkey import is_module_patched

    return bool(is_module_patched("threading") or is_module_patched("socket"))


def can_yield() -> bool:
    """Whether the caller is a greenlet that others can run instead of; the hub itself is not."""
    if not is_patched():
        return False
    from gevent import get_hub, getcurrent

    return getcurrent() is not get_hub()


def native_lock() -> _thread.LockType:
    """A lock that threads may share, also where gevent has replaced `_thread.allocate_lock` by one for greenlets."""
    lock: _thread.LockType = _native("allocate_lock")()
    return lock


def start_native_thread(run: Callable[[], object]) -> None:
    """Have `run()` called by a daemon thread, where gevent has replaced those of `threading` by greenlets.

    Raises:
        RuntimeError: when none can be started.
    """
    _native("start_new_thread")(run, ())


def _native(name: str) -> Any:
    if sys.modules.get("gevent.monkey") is None:
        return getattr(_thread, name)
    from gevent.monkey import get_original

    return get_original("_thread", name)


class HubWait:
    """The wait of one greenlet, which any thread may end."""

    __slots__ = ("_event", "_loop")

    def __init__(self) -> None:
        from gevent import get_hub
        from gevent.event import Event

        self._event = Event()
        self._loop = get_hub().loop

    def end(self) -> None:
        """Have the greenlet go on. Thread-safe."""
        try:
            self._loop.run_callback_threadsafe(self._event.set)
        except (AttributeError, ValueError):  # as one loop of gevent's or the other puts it
            return  # it has been destroyed, and its greenlets with it

    def is_ended(self, within: float) -> bool:
        """Wait for at most so many seconds, while other greenlets run. Called by the greenlet that made this object."""
        return bool(self._event.wait(within))


class HubWork(Frozen):
    """Work of a native thread for the greenlets of one hub, which makes the user's calls in a greenlet there.

    Connections, locks and sessions of gevent belong to one hub, so that a function of the user's cannot use them in
    another thread. It cannot run in the greenlet that waits either, below native frames.

    Attributes:
        hub: the caller's.
        source: of keys, for which it is done; None when that is not known.
        work: what the thread does.
    """

    __slots__ = ("hub", "source", "work")

    hub: Any
    source: _core.KeySource | None
    work: Callable[[], object]

    def __init__(self, source: _core.KeySource | None, work: Callable[[], object]) -> None:
        from gevent import get_hub

        self._set(hub=get_hub(), source=source, work=work)

    def __call__(self) -> None:
        before = _working_for.set(self)
        try:
            self.work()
        finally:
            _working_for.reset(before)


_working_for: ContextVar[HubWork | None] = ContextVar("_working_for", default=None)
_fetching_for: dict[object, _core.KeySource | None] = {}  # by greenlet that makes a call


def is_fetching_for(source: _core.KeySource) -> bool:
    """Whether the caller is a greenlet that makes a call of `HubWork` for `source`, so that it cannot wait for that."""
    from gevent import getcurrent

    return _fetching_for.get(getcurrent()) is source


def call_on_hub(call: Callable[[], T], seconds: float) -> T:
    """`call()`; in `HubWork`, by a greenlet of that hub, which is killed when it takes longer.

    Raises:
        TimeoutError: when it was not even over a second after that.
    """
    asking = _working_for.get()
    return call() if asking is None else _HubCall(call, asking).result(seconds)


class _HubCall:
    """A call that is made by a greenlet, while a native thread waits for its result."""

    __slots__ = ("_asking", "_call", "_ended", "_error", "_greenlet", "_result")

    def __init__(self, call: Callable[[], Any], asking: HubWork) -> None:
        self._call = call
        self._asking = asking
        self._ended = native_lock()
        self._ended.acquire()
        self._greenlet: Any = None
        self._result: Any = None
        self._error: BaseException | None = None

    def result(self, seconds: float) -> Any:
        loop = self._asking.hub.loop
        loop.run_callback_threadsafe(self._begin)
        if not self._ended.acquire(timeout=seconds):
            loop.run_callback_threadsafe(self._kill)
            if not self._ended.acquire(timeout=_GRACE):
                raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._result

    def _begin(self) -> None:
        from gevent import spawn

        self._greenlet = spawn(self._run)

    def _kill(self) -> None:
        self._greenlet.kill(block=False)

    def _run(self) -> None:
        _fetching_for[self._greenlet] = self._asking.source
        try:
            self._result = self._call()
        except KeyboardInterrupt as interrupt:
            self._error = InterruptedError(interrupt)
            raise  # gevent raises it again in the main greenlet
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._error = error
        finally:
            del _fetching_for[self._greenlet]
            self._ended.release()
