"""How keys are kept and fetched: options that are checked when they are made, and never change."""

from __future__ import annotations

import os
from types import MappingProxyType

from authjwks.errors import ConfigError
from authjwks.hints import Callable, Collection, Mapping
from authjwks.numbers import count, seconds
from authjwks.records import NamedTuple
from authjwks.texts import text, texts

Path = str | os.PathLike[str]
_MILLISECOND = 0.001
_MEBIBYTE, _TEBIBYTE = 1 << 20, 1 << 40
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


class _TokenCacheOptions(NamedTuple):
    max_bytes: int
    max_entries: int


class TokenCacheOptions(_TokenCacheOptions):
    """How many tokens that passed are remembered, so that the same one is not checked by signature again.

    A remembered token is still held against the clock, and against the keys: it is forgotten with the set of keys that
    proved it.

    Args:
        max_bytes: how much memory they may take, in bytes.
        max_entries: how many there may be.

    Raises:
        ConfigError: when one is not an int from 1 to 1,099,511,627,776.
    """

    __slots__ = ()

    def __new__(cls, max_bytes: int = 16 * _MEBIBYTE, max_entries: int = 16_384) -> TokenCacheOptions:
        return super().__new__(
            cls,
            count("max_bytes", max_bytes, most=_TEBIBYTE),
            count("max_entries", max_entries, most=_TEBIBYTE),
        )


class _HttpOptions(NamedTuple):
    timeout: float
    connect_timeout: float
    ca_file: str | None
    ca_path: str | None
    client_cert: tuple[str, str | None] | None
    proxy: str | None
    connect_to: tuple[str, ...]
    headers: Mapping[str, str]
    allow_http: bool
    credential_hosts: tuple[str, ...]


class HttpOptions(_HttpOptions):
    """How an issuer is asked.

    Args:
        timeout: seconds for a whole fetch, from the name look-up to the last byte.
        connect_timeout: seconds of these for the connection.
        ca_file: path of a PEM file with the certificates to trust, instead of the system's.
        ca_path: path of a folder of them, named by hash as `openssl rehash` does.
        client_cert: path of a PEM file with our certificate and its key, or the paths of both; not encrypted.
        proxy: its URL; None for the one that the environment names, "" for none.
        connect_to: `HOST:PORT:OTHER-HOST:OTHER-PORT` connects to the other in place of the first; certificates are
            still checked for the first.
        headers: sent with every fetch from a host that the configuration names. Their values are masked in the `repr`.
        allow_http: also fetch over plain http; for an issuer on the same machine.
        credential_hosts: hosts that get `headers` and `client_cert` too, though only the issuer's metadata names them:
            `HOST`, or `HOST:PORT` where the port is not 443. Those of `issuer`, `discovery_url` and `jwks_uri` always
            do, and no other.

    Raises:
        ConfigError: when a timeout is not a number of seconds from 0.001 to a year, a path leads nowhere, a rule of
            `connect_to` has not four parts, or a header's name or value is not legal in HTTP (RFC 9110 §5).
    """

    __slots__ = ()

    def __new__(
        cls,
        timeout: float = 5.0,
        connect_timeout: float = 3.0,
        ca_file: Path | None = None,
        ca_path: Path | None = None,
        client_cert: Path | tuple[Path, Path] | None = None,
        proxy: str | None = None,
        connect_to: str | Collection[str] = (),
        headers: Mapping[str, str] = MappingProxyType({}),
        allow_http: bool = False,
        credential_hosts: str | Collection[str] = (),
    ) -> HttpOptions:
        if not isinstance(allow_http, bool):
            raise ConfigError("allow_http must be a bool")
        if proxy is not None and not (isinstance(proxy, str) and proxy.isascii() and proxy.isprintable()):
            raise ConfigError("proxy must be a str of printable ASCII")
        return super().__new__(
            cls,
            seconds("timeout", timeout, least=_MILLISECOND),
            seconds("connect_timeout", connect_timeout, least=_MILLISECOND),
            None if ca_file is None else _file("ca_file", ca_file),
            None if ca_path is None else _folder("ca_path", ca_path),
            _checked_client_cert(client_cert),
            proxy,
            _checked_rules(connect_to),
            _checked_headers(headers),
            allow_http,
            texts("credential_hosts", credential_hosts, least=0),
        )

    def __repr__(self) -> str:
        shown = self._asdict() | {"headers": dict.fromkeys(self.headers, "***")}
        if self.proxy and "@" in self.proxy:
            shown["proxy"] = "***@" + self.proxy.rpartition("@")[2]
        return f"HttpOptions({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


Fetch = Callable[[str, Mapping[str, str], float], tuple[int, Mapping[str, str], bytes]]
"""`fetch(url, headers, timeout)` performs one GET without following redirects, within `timeout` seconds, and returns
status, headers and body; what it raises counts as a failure. It is called from several threads at once."""


def _file(option: str, path: Path) -> str:
    if not isinstance(path, (str, os.PathLike)) or not os.path.isfile(path):
        raise ConfigError(f"{option} must be the path of a file")
    return text(option, os.fspath(path))


def _folder(option: str, path: Path) -> str:
    if not isinstance(path, (str, os.PathLike)) or not os.path.isdir(path):
        raise ConfigError(f"{option} must be the path of a folder")
    return text(option, os.fspath(path))


def _checked_client_cert(given: Path | tuple[Path, Path] | None) -> tuple[str, str | None] | None:
    if given is None:
        return None
    if isinstance(given, tuple) and len(given) == 2:
        return _file("client_cert", given[0]), _file("client_cert", given[1])
    return _file("client_cert", given), None


def _checked_rules(rules: str | Collection[str]) -> tuple[str, ...]:
    if not rules:
        return ()
    checked = texts("connect_to", rules)
    if not all(rule.count(":") >= 3 and rule.isascii() and rule.isprintable() for rule in checked):
        raise ConfigError("connect_to must have rules of the form HOST:PORT:OTHER-HOST:OTHER-PORT")
    return checked


def _checked_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    if not isinstance(headers, Mapping):
        raise ConfigError("headers must be a mapping of names to values")
    for name, value in headers.items():
        if not isinstance(name, str) or not name or not _FIELD_NAME_CHARACTERS.issuperset(name):
            raise ConfigError("headers must have names that are legal in HTTP")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            raise ConfigError("headers must have values of printable ASCII")
    return MappingProxyType(dict(headers))
