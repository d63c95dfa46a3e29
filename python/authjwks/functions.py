"""Functions that users hand over: how every option that takes one checks it, and how the core refers to it."""

from __future__ import annotations

from _weakref import ref

from authjwks.errors import ConfigError
from authjwks.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def plain_function(option: str, given: FunctionT) -> FunctionT:
    """`given`, when it can be called and answers at once.

    Raises:
        ConfigError: naming `option`, when it cannot be called or is a coroutine function, which nobody would await.
    """
    from inspect import iscoroutinefunction

    if not callable(given) or iscoroutinefunction(given) or iscoroutinefunction(type(given).__call__):
        raise ConfigError(f"{option} must be a function, and not one that has to be awaited")
    return given


def weakly(target: Callable[..., Any]) -> Callable[..., Any]:
    """A function that calls `target` for as long as somebody else keeps it, and afterwards returns None.

    The garbage collector does not see what the core refers to. With a strong reference, an object would never be freed
    whose method is an option of the verifier that it holds.
    """
    reference = ref(target)

    def call(*arguments: Any) -> Any:
        kept = reference()
        return None if kept is None else kept(*arguments)

    return call
