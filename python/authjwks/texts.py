"""One text or several: how every option that names things reads what it is given."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from authjwks.errors import ConfigError


def text(option: str, given: str) -> str:
    """`given`, when it is a str that is not blank.

    Raises:
        ConfigError: naming `option`, when it is anything else.
    """
    if not isinstance(given, str) or not given.strip():
        raise ConfigError(f"{option} must be a str that is not empty")
    return given


def texts(option: str, given: str | Collection[str]) -> tuple[str, ...]:
    """The strs in `given`, which is never taken apart when it is a str itself.

    Raises:
        ConfigError: naming `option`, when there is none, or one is not a str or is blank.
    """
    listed = (given,) if isinstance(given, str) else given
    if not isinstance(listed, Collection) or isinstance(listed, Mapping) or not listed:
        raise ConfigError(f"{option} must be a str or a list of them, and not empty")
    return tuple(text(option, item) for item in listed)
