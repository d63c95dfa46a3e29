"""The ways from a service to its issuer, which can be at fault while the issuer is well."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.faults.fault import Fault
from tests.servers.connect_proxy import ConnectProxy
from tests.servers.missing import Missing
from tests.servers.relay import Relay

HOST = "issuer.test"
"""A name that no name server knows (RFC 6761 §6.2)."""

# A mount namespace of its own gives a process another view of two files, and nobody else notices.
_OWN_NAMES = 'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/nsswitch.conf && shift 2 && exec "$@"'
_UNSHARE = ["unshare", "--map-root-user", "--mount"]


class Route:
    """The straight way, which never fails.

    Attributes:
        host, port: where the service finds the issuer.
        proxy: as in `HttpOptions`.
        command: what the command of the service must begin with.
    """

    def __init__(self, port: int) -> None:
        self.host = "127.0.0.1"
        self.port = port
        self.proxy = ""
        self.command: list[str] = []

    def block(self) -> None:
        """Have the fault begin."""

    def clear(self) -> None:
        """Have it end."""


class _ByProxy(Route):
    def __init__(self, port: int, proxy: ConnectProxy) -> None:
        super().__init__(port)
        self.proxy = proxy.url
        self._running = proxy

    def block(self) -> None:
        self._running.refuses = 407

    def clear(self) -> None:
        self._running.refuses = 0


class _ByRelay(Route):
    def __init__(self, relay: Relay) -> None:
        super().__init__(relay.port)
        self._relay = relay

    def block(self) -> None:
        self._relay.stop()

    def clear(self) -> None:
        self._relay.go_on()


class _ByName(Route):
    """The service runs where HOST is looked up in a file of ours, and nowhere else."""

    def __init__(self, port: int, folder: Path) -> None:
        super().__init__(port)
        self.host = HOST
        self._hosts = folder / "hosts"
        names = folder / "nsswitch.conf"
        names.write_text("hosts: files\n")
        self.clear()
        self.command = [*_UNSHARE, "sh", "-c", _OWN_NAMES, "sh", str(self._hosts), str(names)]
        self._check()

    def block(self) -> None:
        self._hosts.write_text("127.0.0.1 localhost\n")

    def clear(self) -> None:
        self._hosts.write_text(f"127.0.0.1 localhost {HOST}\n")

    def _check(self) -> None:
        if shutil.which("unshare") is None:
            raise Missing("names of our own need unshare: apt-get install util-linux")
        tried = subprocess.run([*self.command, "true"], capture_output=True, text=True, check=False)
        if tried.returncode != 0:
            raise Missing(f"names of our own need a mount namespace, which this user may not have: {tried.stderr}")


def route_for(fault: Fault, port: int) -> AbstractContextManager[Route]:
    """A way to a port of this machine on which that fault can happen.

    Raises:
        Missing: when this machine has not what it takes.
    """
    return {Fault.PROXY_REFUSES: _by_proxy, Fault.STOPPED: _by_relay, Fault.NAME_UNKNOWN: _by_name}.get(
        fault, _straight
    )(port)


@contextmanager
def _straight(port: int) -> Iterator[Route]:
    yield Route(port)


@contextmanager
def _by_proxy(port: int) -> Iterator[Route]:
    with ConnectProxy() as proxy:
        yield _ByProxy(port, proxy)


@contextmanager
def _by_relay(port: int) -> Iterator[Route]:
    with Relay(port) as relay:
        yield _ByRelay(relay)


@contextmanager
def _by_name(port: int) -> Iterator[Route]:
    with tempfile.TemporaryDirectory() as folder:
        yield _ByName(port, Path(folder))
