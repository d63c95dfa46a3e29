"""What one misconfiguration takes: real servers and files; and what an operator sees of it."""

from __future__ import annotations

import json
import logging
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, closing, suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from tests.faults.tls_faults import demanding
from tests.faults.tokens import new_key
from tests.servers.connect_proxy import ConnectProxy
from tests.servers.recording import Answer, Asked, RecordingServer
from tests.servers.throwaway_ca import ThrowawayCa
from tests.support.verifiers import OPENID, health_of
from tests.support.waiting import eventually

from authjwks import ConfigError, HttpOptions, KeysUnavailable, Verifier

JWKS = "/jwks"
AUDIENCE = "https://api.example"
TIMEOUT_SECONDS = 2.0


class Observed(NamedTuple):
    """What an operator sees.

    Attributes:
        code: of the ConfigError, or of the failure; "" when nothing failed.
        line: the error's text, or the first warning of the log; "" when there was none. Names and paths of this
            machine have made way for fixed ones.
    """

    code: str
    line: str


class Scene:
    """Inside a `with` block, servers on loopback that know each other, and a folder.

    Attributes:
        folder: empty, for files of the service.
        authority: who issued the certificates of the servers; the service trusts it unless told otherwise.
        ssl: of the servers, unless they are told otherwise.
    """

    def __init__(self, folder: Path, authority: ThrowawayCa) -> None:
        self.folder = folder
        self.authority = authority
        self.ssl = authority.context("127.0.0.1", "localhost")
        self._running = ExitStack()
        self._names = {str(folder): "/etc/service"}

    def __enter__(self) -> Scene:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._running.__exit__(kind, error, at)

    def serve(self, documents: Callable[[str], Mapping[str, Answer]], tls: ssl.SSLContext | None) -> str:
        """Serve at each path what `documents(base)` has, and 404 elsewhere; gives `base`, the URL of the server."""

        def answer(asked: Asked) -> Answer:
            return served.get(asked.path, Answer(404))

        server = self._running.enter_context(RecordingServer(answer, tls))
        base = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
        served = documents(base)
        self._name(server.server_port, "issuer.example")
        return base

    def issuer(self, named: Callable[[str], str] = str, tls: ssl.SSLContext | None = None) -> str:
        """Serve one that works, but calls itself `named(base)`; gives `base`."""
        keys = key_set(new_key("only").jwk())
        metadata = {OPENID: lambda base: document(issuer=named(base), jwks_uri=base + JWKS), JWKS: lambda _: keys}
        return self.serve(lambda base: {path: of(base) for path, of in metadata.items()}, tls or self.ssl)

    def keys_at(self, answer: Answer, tls: ssl.SSLContext | None = None) -> dict[str, Any]:
        """Serve this at a `jwks_uri` over TLS; gives the options of the verifier."""
        return {
            "issuer": "https://issuer.example",
            "jwks_uri": self.serve(lambda _: {JWKS: answer}, tls or self.ssl) + JWKS,
        }

    def working(self, tls: ssl.SSLContext | None = None) -> dict[str, Any]:
        """Serve good keys there."""
        return self.keys_at(key_set(new_key("only").jwk()), tls)

    def mutual(self) -> dict[str, Any]:
        """Serve good keys to clients with a certificate of the authority alone."""
        return self.working(demanding(self.authority, ["127.0.0.1"], ssl.TLSVersion.TLSv1_3))

    def certificate(self, host: str, *, ends: timedelta = timedelta(days=1)) -> ssl.SSLContext:
        """Of the authority, for a server."""
        return self.authority.context(host, begins=timedelta(days=-2), ends=ends)

    def refused_port(self) -> int:
        """A port of 127.0.0.1 that nobody listens at, as long as the scene lasts."""
        held = self._running.enter_context(socket.socket())
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        self._name(port, "issuer.example")
        return port

    def silent_port(self) -> int:
        """A port of 127.0.0.1 where connections are taken and nothing is ever said."""
        port: int = self._running.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
        self._name(port, "issuer.example")
        return port

    def proxy(self, refuses: int) -> str:
        """The URL of a proxy that answers with this status."""
        proxy = self._running.enter_context(ConnectProxy())
        proxy.refuses = refuses
        self._name(proxy.server_port, "proxy.example")
        return proxy.url

    def file(self, name: str, content: bytes) -> Path:
        """A file of the service."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    def observe(self, verifier: Mapping[str, Any], http: Mapping[str, Any]) -> Observed:
        """Start the service with these options, have it ask for its keys, and look at its log."""
        code, line = _observe(
            verifier, {"ca_file": self.authority.file, "proxy": "", "timeout": TIMEOUT_SECONDS, **http}
        )
        for ours, fixed in self._names.items():
            line = line.replace(ours, fixed)
        return Observed(code, line)

    def _name(self, port: int, name: str) -> None:
        for host in ("127.0.0.1", "localhost"):
            self._names[f"{host}:{port}"] = name
            self._names[f"{host.upper()}:{port}"] = name.upper() if host.isalpha() else name


def document(**members: Any) -> Answer:
    """JSON with these members."""
    return Answer(200, {"Content-Type": "application/json"}, json.dumps(members).encode())


def key_set(*keys: Mapping[str, Any]) -> Answer:
    """A key set of these."""
    return document(keys=keys)


class _Warnings(logging.Handler):
    """Collects what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def _observe(verifier: Mapping[str, Any], http: Mapping[str, Any]) -> Observed:
    heard = _Warnings()
    logger = logging.getLogger("authjwks")
    logger.addHandler(heard)
    try:
        made = Verifier(**{"audience": AUDIENCE, **verifier, "http": HttpOptions(**http)})
    except ConfigError as error:
        return Observed(error.code, str(error))
    else:
        with closing(made):
            code = _code_of_refresh(made)
        return Observed(code, _first(heard.lines))
    finally:
        logger.removeHandler(heard)


def _code_of_refresh(verifier: Verifier) -> str:
    with suppress(KeysUnavailable):
        verifier.refresh()
    eventually(lambda: not health_of(verifier).refreshing)
    failure: Any = health_of(verifier).last_error
    return str(getattr(failure, "code", failure or ""))


def _first(lines: Iterable[str]) -> str:
    return next(iter(lines), "")
