"""A process that passes the bytes of connections on to another port of this machine, and that a test can stop.

Run as `python -m tests.servers.relay PORT`: prints its own port, and ends with its standard input.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


class Relay:
    """The running process, inside a `with` block."""

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.relay", str(port)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def stop(self) -> None:
        """Let it do nothing from now on; the system still takes connections for it."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def go_on(self) -> None:
        """Let it work again, and begin with what has come in meanwhile."""
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Relay:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def main() -> None:
    """Relay to the port in the first argument."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        print(listener.getsockname()[1], flush=True)
        threading.Thread(target=_accept, args=(listener, int(sys.argv[1])), daemon=True).start()
        sys.stdin.read()


def _accept(listener: socket.socket, port: int) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_connect, args=(connection, port), daemon=True).start()


def _connect(client: socket.socket, port: int) -> None:
    with client, socket.create_connection(("127.0.0.1", port)) as target:
        back = threading.Thread(target=_pass_on, args=(target, client), daemon=True)
        back.start()
        _pass_on(client, target)
        back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main()
