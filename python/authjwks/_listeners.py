"""Functions of the user's that are called with what happens."""

from __future__ import annotations

from collections.abc import Callable, Collection

from authjwks._option_checks import sync_functions

TYPE_CHECKING = False  # as `typing` has it, whose import would take longer than ours
if TYPE_CHECKING:
    from typing import Any

    Listener = Callable[[Any], object]


class Listeners:
    """One function or several, called in their order. One that fails is logged, and keeps no other from its call.

    Raises:
        ConfigError: naming `option`, when one cannot be called, or would have to be awaited.
    """

    __slots__ = ("_functions", "_logger")

    def __init__(self, option: str, given: Listener | Collection[Listener] | None) -> None:
        import logging  # now: in a process forked while a thread first imports a module, that import hangs

        self._functions = sync_functions(option, given)
        self._logger = logging.getLogger("authjwks")

    def call(self, happening: Any) -> None:
        """Call each function with `happening`."""
        for function in self._functions:
            self._call(function, happening)

    def _call(self, function: Listener, happening: Any) -> None:
        try:
            function(happening)
        except Exception:
            self._logger.exception("a listener of %s failed", type(happening).__name__)
