"""How keys are kept and fetched: options that are checked when they are made, and never change."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from authjwks.errors import ConfigError

_MILLISECOND, _YEAR = 0.001, 31_536_000.0
_FIELD_NAME_CHARACTERS = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class _KeyOptions(NamedTuple):
    ttl: float
    max_stale: float
    cooldown: float


class KeyOptions(_KeyOptions):
    """How long keys serve. All in seconds.

    Args:
        ttl: age at which a key set is fetched anew.
        max_stale: how long past `ttl` a key set still serves while its issuer fails; 0 for not at all.
        cooldown: the least time between two fetches made because a token names an unknown key.

    Raises:
        ConfigError: when one is not a number of seconds up to a year, or is below zero, or for `ttl` below 0.001.
    """

    __slots__ = ()

    def __new__(cls, ttl: float = 900.0, max_stale: float = 86_400.0, cooldown: float = 30.0) -> KeyOptions:
        return super().__new__(
            cls,
            seconds("ttl", ttl, least=_MILLISECOND),
            seconds("max_stale", max_stale, least=0.0),
            seconds("cooldown", cooldown, least=0.0),
        )


class _HttpOptions(NamedTuple):
    timeout: float
    connect_timeout: float
    ca_file: str | None
    headers: Mapping[str, str]
    allow_http: bool


class HttpOptions(_HttpOptions):
    """How an issuer is asked.

    Args:
        timeout: seconds for a whole fetch, from the name look-up to the last byte.
        connect_timeout: seconds of these for the connection.
        ca_file: path of the PEM file with the certificates to trust; None for those of the system.
        headers: sent with every fetch.
        allow_http: also fetch over plain http; for an issuer on the same machine.

    Raises:
        ConfigError: when a timeout is not a number of seconds from 0.001 to a year, `ca_file` is no file, or a header's
            name or value is not legal in HTTP (RFC 9110 §5).
    """

    __slots__ = ()

    def __new__(
        cls,
        timeout: float = 5.0,
        connect_timeout: float = 3.0,
        ca_file: str | os.PathLike[str] | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        allow_http: bool = False,
    ) -> HttpOptions:
        if ca_file is not None and not os.path.isfile(ca_file):
            raise ConfigError("ca_file must be the path of a file")
        if not isinstance(allow_http, bool):
            raise ConfigError("allow_http must be a bool")
        return super().__new__(
            cls,
            seconds("timeout", timeout, least=_MILLISECOND),
            seconds("connect_timeout", connect_timeout, least=_MILLISECOND),
            None if ca_file is None else os.fspath(ca_file),
            _checked_headers(headers),
            allow_http,
        )


def seconds(option: str, value: float, *, least: float) -> float:
    """`value`, when it is a number from `least` to the seconds of a year, beyond which clocks would overflow.

    Raises:
        ConfigError: naming `option`, when it is anything else.
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not least <= value <= _YEAR:
        raise ConfigError(f"{option} must be a number of seconds from {least:g} to a year")
    return float(value)


def _checked_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if not isinstance(name, str) or not name or not _FIELD_NAME_CHARACTERS.issuperset(name):
            raise ConfigError("headers must have names that are legal in HTTP")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            raise ConfigError("headers must have values of printable ASCII")
    return MappingProxyType(dict(headers))
