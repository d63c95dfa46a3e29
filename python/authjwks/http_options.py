"""How an issuer is asked over HTTP: options that are checked when they are made."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType

import authjwks._core as _core
from authjwks._frozen import Frozen
from authjwks._option_checks import MILLISECOND, flag, seconds, text, texts
from authjwks.errors import ConfigError

Path = str | os.PathLike[str]
_HEX_DIGITS = frozenset("0123456789abcdef")
_FIELD_NAME_CHARACTERS = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

Fetch = Callable[[str, Mapping[str, str], float], tuple[int, Mapping[str, str], bytes]]
"""`fetch(url, headers, timeout)` performs one GET without following redirects, within `timeout` seconds, and returns
status, headers and body; an exception counts as a failure. It is called from several threads at once; where gevent has
patched the standard library, by a greenlet of its own, which is killed after `timeout`."""


class HttpOptions(Frozen):
    """How an issuer is asked.

    Args:
        timeout: seconds for a whole fetch, from the name look-up to the last byte.
        connect_timeout: seconds of these for the connection.
        ca_file: path of a PEM file with the certificates to trust, instead of the system's.
        ca_path: path of a folder of them, named by hash as `openssl rehash` does.
        client_cert: path of a PEM file with our certificate and its key, or the paths of both; not encrypted. Kept as
            the pair (certificate, key or None).
        proxy: its URL; None for the one that the environment names, "" for none.
        connect_to: `HOST:PORT:OTHER-HOST:OTHER-PORT` connects to the other in place of the first; certificates are
            still checked for the first.
        headers: sent with every fetch from a host that the configuration names. Kept as pairs, and masked in the
            `repr`.
        allow_http: also fetch over plain http; for an issuer on the same machine.
        credential_hosts: hosts that get `headers` and `client_cert` too, though only the issuer's metadata names them:
            `HOST`, or `HOST:PORT` where the port is not 443. Those of `issuer`, `discovery_url` and `jwks_uri` always
            do, and no other.

    Raises:
        ConfigError: when a timeout is not a number of seconds from 0.001 to a year, a path does not exist, a file
            cannot be used (no certificate in PEM, an encrypted key, the key of another certificate), a folder has no
            hashed names, a rule of `connect_to` has not four parts, or a header's name or value is not legal in HTTP
            (RFC 9110 §5).
    """

    __slots__ = (
        "allow_http",
        "ca_file",
        "ca_path",
        "client_cert",
        "connect_timeout",
        "connect_to",
        "credential_hosts",
        "headers",
        "proxy",
        "timeout",
    )

    timeout: float
    connect_timeout: float
    ca_file: str | None
    ca_path: str | None
    client_cert: tuple[str, str | None] | None
    proxy: str | None
    connect_to: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    allow_http: bool
    credential_hosts: tuple[str, ...]

    def __init__(
        self,
        timeout: float = 5.0,
        connect_timeout: float = 3.0,
        *,
        ca_file: Path | None = None,
        ca_path: Path | None = None,
        client_cert: Path | tuple[Path, Path] | None = None,
        proxy: str | None = None,
        connect_to: str | Collection[str] = (),
        headers: Mapping[str, str] = MappingProxyType({}),
        allow_http: bool = False,
        credential_hosts: str | Collection[str] = (),
    ) -> None:
        flag("allow_http", allow_http)
        if proxy is not None and not (isinstance(proxy, str) and proxy.isascii() and proxy.isprintable()):
            raise ConfigError("proxy must be a str of printable ASCII")
        certificate_and_key = _certificate_and_key(client_cert)
        self._set(
            timeout=seconds("timeout", timeout, minimum=MILLISECOND),
            connect_timeout=seconds("connect_timeout", connect_timeout, minimum=MILLISECOND),
            ca_file=None if ca_file is None else _file_of_certificates(ca_file),
            ca_path=None if ca_path is None else _folder_of_certificates(ca_path),
            client_cert=certificate_and_key,
            proxy=proxy,
            connect_to=_connect_rules(connect_to),
            headers=_header_pairs(headers),
            allow_http=allow_http,
            credential_hosts=texts("credential_hosts", credential_hosts, at_least=0),
        )

    def __repr__(self) -> str:
        shown = self._fields() | {"headers": dict.fromkeys((name for name, _ in self.headers), "***")}
        if self.proxy and "@" in self.proxy:
            shown["proxy"] = "***@" + self.proxy.rpartition("@")[2]
        return f"HttpOptions({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


def _file(option: str, path: Path) -> str:
    if not isinstance(path, (str, os.PathLike)) or not os.path.isfile(path):
        raise ConfigError(f"{option} must be the path of a file")
    return text(option, os.fspath(path))


def _file_of_certificates(path: Path) -> str:
    name = _file("ca_file", path)
    try:
        _core.check_ca_file(name)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return name


def _folder_of_certificates(path: Path) -> str:
    if not isinstance(path, (str, os.PathLike)) or not os.path.isdir(path):
        raise ConfigError("ca_path must be the path of a folder")
    hashes = (name.partition(".")[0] for name in os.listdir(path))
    if not any(len(name) == 8 and _HEX_DIGITS.issuperset(name) for name in hashes):
        raise ConfigError("ca_path has no certificates named by hash: run `openssl rehash` on it, or use ca_file")
    return text("ca_path", os.fspath(path))


def _certificate_and_key(given: Path | tuple[Path, Path] | None) -> tuple[str, str | None] | None:
    if given is None:
        return None
    key: str | None = None
    if isinstance(given, tuple) and len(given) == 2:
        certificate, key = _file("client_cert", given[0]), _file("client_cert", given[1])
    else:
        certificate = _file("client_cert", given)
    try:
        _core.check_client_certificate(certificate, key)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return certificate, key


def _connect_rules(rules: str | Collection[str]) -> tuple[str, ...]:
    checked = texts("connect_to", rules, at_least=0) if rules else ()
    if not all(rule.count(":") >= 3 and rule.isascii() and rule.isprintable() for rule in checked):
        raise ConfigError("connect_to must have rules of the form HOST:PORT:OTHER-HOST:OTHER-PORT")
    return checked


def _header_pairs(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    if not isinstance(headers, Mapping):
        raise ConfigError("headers must be a mapping of names to values")
    for name, value in headers.items():
        if not isinstance(name, str) or not name or not _FIELD_NAME_CHARACTERS.issuperset(name):
            raise ConfigError("headers must have names that are legal in HTTP")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            raise ConfigError("headers must have values of printable ASCII")
    return tuple(headers.items())
