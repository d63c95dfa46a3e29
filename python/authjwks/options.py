"""How long keys serve and how many tokens are cached: options that are checked when they are made."""

from __future__ import annotations

from authjwks._frozen import Frozen
from authjwks._option_checks import MILLISECOND, count, seconds

_MEBIBYTE, _TEBIBYTE = 1 << 20, 1 << 40


class Waived:
    """The type of `ANY`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ANY"


ANY = Waived()
"""Waives the check of an issuer, an audience or a token type."""


class KeyOptions(Frozen):
    """How long keys serve. All in seconds.

    Args:
        ttl: age at which a key set is fetched anew.
        max_stale: how long past `ttl` a key set still serves while its issuer fails; 0 for not at all.
        cooldown: the time after which the issuer may be asked for one more unknown key, once it was for five; and for
            how long one that it does not have is refused without asking.

    Raises:
        ConfigError: when one is not a number of seconds up to a year, or is below zero, or for `ttl` below 0.001.
    """

    __slots__ = ("cooldown", "max_stale", "ttl")

    ttl: float
    max_stale: float
    cooldown: float

    def __init__(self, ttl: float = 900.0, max_stale: float = 86_400.0, cooldown: float = 10.0) -> None:
        self._set(
            ttl=seconds("ttl", ttl, minimum=MILLISECOND),
            max_stale=seconds("max_stale", max_stale, minimum=0.0),
            cooldown=seconds("cooldown", cooldown, minimum=0.0),
        )


class TokenCacheOptions(Frozen):
    """How many accepted tokens are cached, so that the signature of the same one is not checked again.

    A cached token is still checked against the clock, and against the keys: it is dropped with the set of keys that
    proved it.

    Args:
        max_bytes: how much memory they may take, in bytes.
        max_entries: how many there may be.

    Raises:
        ConfigError: when one is not an int from 1 to 1,099,511,627,776.
    """

    __slots__ = ("max_bytes", "max_entries")

    max_bytes: int
    max_entries: int

    def __init__(self, max_bytes: int = 16 * _MEBIBYTE, max_entries: int = 16_384) -> None:
        self._set(
            max_bytes=count("max_bytes", max_bytes, maximum=_TEBIBYTE),
            max_entries=count("max_entries", max_entries, maximum=_TEBIBYTE),
        )
