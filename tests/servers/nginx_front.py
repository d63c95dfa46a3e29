"""nginx on loopback as a TLS front of key sets: HTTP/2, entity tags and revalidation as real issuers do them.

It is found on PATH or in /usr/sbin (Debian: `apt-get install --no-install-recommends nginx-light`).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from tests.servers.missing import Missing

_START_SECONDS = 20.0
_CONFIGURATION = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
  log_format one_line '$status $server_protocol $uri $http_if_none_match';
  access_log {folder}/access.log one_line; default_type application/json; types {{}}
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl http2 reuseport; ssl_certificate {cert}; ssl_certificate_key {key}; root {folder}/www;
    location = /plain {{ try_files /jwks.json =404; }}
    location = /packed {{ gzip on; gzip_min_length 1; gzip_types application/json; try_files /jwks.json =404; }}
    location = /upstream {{ proxy_pass {upstream}; proxy_buffering off; }}
    location = /closed {{ return 444; }}
  }}
}}
"""


class Exchange(NamedTuple):
    """One line of the access log.

    Attributes:
        protocol: such as "HTTP/2.0".
        if_none_match: the entity tag that the client has; "-" for none.
    """

    status: int
    protocol: str
    path: str
    if_none_match: str


class NginxFront:
    """`/plain` and `/packed` (gzip) serve what was `put`, `/upstream` asks another; `/closed` is mute.

    Args:
        folder: empty; everything it writes goes there.
        cert, key: PEM files for 127.0.0.1.
        upstream: URL of the server behind it.

    Raises:
        Missing: when nginx is not there.
    """

    def __init__(self, folder: Path, *, cert: Path, key: Path, upstream: str) -> None:
        nginx = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
        if nginx is None:
            raise Missing("nginx is missing: apt-get install --no-install-recommends nginx-light")
        self._folder = folder
        (folder / "www").mkdir()
        # Held until the end, and shared with nginx by SO_REUSEPORT, so that the port is nobody else's in between.
        self._reservation = socket.socket()
        self._reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._reservation.bind(("127.0.0.1", 0))
        port = self._reservation.getsockname()[1]
        self.base = f"https://127.0.0.1:{port}"
        text = _CONFIGURATION.format(folder=folder, port=port, cert=cert, key=key, upstream=upstream)
        (folder / "nginx.conf").write_text(text)
        command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self._wait_until_it_answers(port)

    def put(self, document: bytes) -> None:
        """Serve this from now on: the file is replaced in one step, and with it the entity tag."""
        new = self._folder / "www" / "new"
        new.write_bytes(document)
        new.replace(self._folder / "www" / "jwks.json")

    def exchanges(self) -> list[Exchange]:
        """All so far."""
        lines = (line.split(" ") for line in (self._folder / "access.log").read_text().splitlines())
        return [Exchange(int(status), protocol, path, tag) for status, protocol, path, tag in lines]

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()
        self._reservation.close()

    def __enter__(self) -> NginxFront:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait_until_it_answers(self, port: int) -> None:
        deadline = time.monotonic() + _START_SECONDS
        with socket.socket() as probe:
            while probe.connect_ex(("127.0.0.1", port)) != 0:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.close()
                    raise RuntimeError(f"nginx did not start: {(self._folder / 'error.log').read_text()}")
                time.sleep(0.02)
