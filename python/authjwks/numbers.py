"""Numbers: how every option that counts or measures reads what it is given."""

from __future__ import annotations

from authjwks.errors import ConfigError

_YEAR = 31_536_000.0


def seconds(option: str, value: float, *, least: float) -> float:
    """`value`, when it is a number from `least` to the seconds of a year, beyond which clocks would overflow.

    Raises:
        ConfigError: naming `option`, when it is anything else.
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not least <= value <= _YEAR:
        raise ConfigError(f"{option} must be a number of seconds from {least:g} to a year")
    return float(value)


def count(option: str, value: int, *, most: int) -> int:
    """`value`, when it is an int from 1 to `most`.

    Raises:
        ConfigError: naming `option`, when it is anything else.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= most:
        raise ConfigError(f"{option} must be an int from 1 to {most}")
    return value
