"""Finds views that were registered without the guard that `require` made for them."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from weakref import WeakKeyDictionary, WeakSet

from flask import Flask

from authjwks.errors import ConfigError

# More than any view has: the `__wrapped__` of a function may lead back to itself.
_MAX_LAYERS = 100


class Placement:
    """Knows which functions have guards, and checks that an app's views are behind them."""

    def __init__(self) -> None:
        self._guards: WeakKeyDictionary[FunctionType, WeakSet[object]] = WeakKeyDictionary()

    def add(self, view: object, guarded: object) -> None:
        """Remember that `guarded` is the guard of `view`."""
        for layer in _layers(view):
            self._guards.setdefault(layer, WeakSet()).add(guarded)

    def check(self, app: Flask) -> None:
        """Look at all views of the app.

        Raises:
            ConfigError: when one is registered without its guard.
        """
        registered = {layer for view in app.view_functions.values() for layer in _layers(view)}
        for endpoint, view in app.view_functions.items():
            for layer in _layers(view):
                guards = self._guards.get(layer)
                if guards is not None and registered.isdisjoint(guards):
                    raise ConfigError(
                        f"require() guards nothing at endpoint {endpoint!r}: put it below the route's decorator"
                    )

    def check_before_requests(self, app: Flask) -> None:
        """Check the app before its first request, and before the next ones for as long as that fails."""

        def check() -> None:
            self.check(app)
            hooks = app.before_request_funcs
            hooks[None] = [hook for hook in hooks[None] if hook is not check]  # a new list: Flask iterates over the old

        app.before_request(check)


def _layers(view: object) -> Iterator[FunctionType]:
    """The functions that a view consists of, the outermost first, as far as `functools.wraps` tells."""
    for _ in range(_MAX_LAYERS):
        if isinstance(view, FunctionType):
            yield view
        view = getattr(view, "__wrapped__", None)
