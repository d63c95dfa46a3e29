"""How every option reads what it is given: one text or several, numbers, functions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from authjwks.errors import ConfigError

TYPE_CHECKING = False  # as `typing` has it, whose import would take longer than ours
if TYPE_CHECKING:
    from typing import Any, TypeVar

    FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
    T = TypeVar("T")

MILLISECOND = 0.001
YEAR = 31_536_000.0


def text(option: str, given: str) -> str:
    """`given`, when it is a str that is not blank and can be encoded.

    Raises:
        ConfigError: naming `option`, when it is anything else.
    """
    if not isinstance(given, str) or not given.strip():
        raise ConfigError(f"{option} must be a str that is not empty")
    if not given.isascii() and any("\ud800" <= character <= "\udfff" for character in given):
        raise ConfigError(f"{option} must be a str without surrogates, which stand for no character")
    return given


def texts(option: str, given: str | Collection[str], *, at_least: int = 1) -> tuple[str, ...]:
    """The strs in `given`; a str counts as one, and is never taken apart.

    Raises:
        ConfigError: naming `option`, when there are fewer than `at_least`, or one is no `text`.
    """
    listed = (given,) if isinstance(given, str) else given
    if not isinstance(listed, Collection) or isinstance(listed, (Mapping, bytes)) or len(listed) < at_least:
        raise ConfigError(f"{option} must be a str or a list of them{', and not empty' if at_least else ''}")
    return tuple(text(option, item) for item in listed)


def seconds(option: str, given: float, *, minimum: float, maximum: float = YEAR) -> float:
    """`given`, when it is a number from `minimum` to `maximum`; beyond a year, clocks would overflow.

    Raises:
        ConfigError: naming `option`, when it is anything else.
    """
    if not isinstance(given, (int, float)) or isinstance(given, bool) or not minimum <= given <= maximum:
        upper = "a year" if maximum == YEAR else f"{maximum:g}"
        raise ConfigError(f"{option} must be a number of seconds from {minimum:g} to {upper}")
    return float(given)


def count(option: str, given: int, *, maximum: int) -> int:
    """`given`, when it is an int from 1 to `maximum`.

    Raises:
        ConfigError: naming `option`, when it is anything else.
    """
    if not isinstance(given, int) or isinstance(given, bool) or not 0 < given <= maximum:
        raise ConfigError(f"{option} must be an int from 1 to {maximum}")
    return given


def flag(option: str, given: bool) -> bool:
    """`given`, when it is a bool.

    Raises:
        ConfigError: naming `option`, when it is anything else.
    """
    if not isinstance(given, bool):
        raise ConfigError(f"{option} must be a bool")
    return given


def sync_function(option: str, given: FunctionT) -> FunctionT:
    """`given`, when it can be called and need not be awaited.

    Raises:
        ConfigError: naming `option`, when it cannot be called or is a coroutine function, which nobody would await.
    """
    from inspect import iscoroutinefunction

    if not callable(given) or iscoroutinefunction(given) or iscoroutinefunction(type(given).__call__):
        raise ConfigError(f"{option} must be a function, and not one that has to be awaited")
    return given


def sync_functions(option: str, given: FunctionT | Collection[FunctionT] | None) -> tuple[FunctionT, ...]:
    """The functions in `given`, which may be one, several or None.

    Raises:
        ConfigError: as `sync_function` does.
    """
    if given is None:
        return ()
    listed = given if isinstance(given, (list, tuple)) else (given,)
    return tuple(sync_function(option, function) for function in listed)


def instance(option: str, given: T, kind: type[T]) -> T:
    """`given`, when it is a `kind`.

    Raises:
        ConfigError: naming `option` and the public class, when it is anything else.
    """
    if not isinstance(given, kind):
        raise ConfigError(f"{option} must be an authjwks.{kind.__name__}")
    return given
