"""One text or several: how every option that names things reads what it is given."""

from __future__ import annotations

from authjwks.errors import ConfigError
from authjwks.hints import Collection, Mapping


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


def texts(option: str, given: str | Collection[str], *, least: int = 1) -> tuple[str, ...]:
    """The strs in `given`, which is never taken apart when it is a str itself.

    Raises:
        ConfigError: naming `option`, when there are fewer than `least`, or one is no `text`.
    """
    listed = (given,) if isinstance(given, str) else given
    if not isinstance(listed, Collection) or isinstance(listed, (Mapping, bytes)) or len(listed) < least:
        raise ConfigError(f"{option} must be a str or a list of them{', and not empty' if least else ''}")
    return tuple(text(option, item) for item in listed)
