"""Keycloak on loopback, with realms, users and keys that tests can steer while it runs.

Needs Java 17 or newer and Maven, which brings the distribution (176 MB) once, into `authjwks` below `$XDG_CACHE_HOME`
or `~/.cache`. What Keycloak is told stays in its memory.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Collection, Mapping
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

from tests.servers.missing import Missing

VERSION = "26.7.3"
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}
"""The curve of a new key by `alg`; the other algorithms are RSA's."""

_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
_OPTIONS = ["start-dev", "--db=dev-mem", "--cache=local", "--http-host=127.0.0.1", "--http-port=0"]
# In a minute of life the optimizing compiler costs more than it earns; kc.sh asks for G1, and Java takes one collector.
_JVM = "-Xmx512m -XX:TieredStopAtLevel=1 -XX:-UseG1GC -XX:+UseSerialGC"
_ADDRESS = re.compile(r"Listening on: (http://127\.0\.0\.1:\d+)\s")
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SECRET = "secret-of-every-client-and-user"


class Keycloak:
    """The running server.

    Raises:
        Missing: when Java or Maven is not there.
        RuntimeError: when the server ends before it is ready; holds the end of its log.
    """

    def __init__(self) -> None:
        _tool("java")
        command = [str(install() / "bin" / "kc.sh"), *_OPTIONS]
        # Keycloak reads every variable that begins so as an option, and refuses those it does not know.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KC_")}
        admin = {"KC_BOOTSTRAP_ADMIN_CLIENT_ID": "admin", "KC_BOOTSTRAP_ADMIN_CLIENT_SECRET": _SECRET}
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the server runs
        self._process = subprocess.Popen(
            command,
            env={**inherited, **admin, "JAVA_OPTS_APPEND": _JVM},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self.url = self._await_address()
        except BaseException:
            self.close()
            raise

    def _await_address(self) -> str:
        while self._process.poll() is None:
            if found := _ADDRESS.search(self._read_log()):
                return found[1]
            time.sleep(0.1)
        raise RuntimeError(f"Keycloak ended before it was ready:\n{self._read_log()[-4000:]}")

    def _read_log(self) -> str:
        return os.pread(self._log.fileno(), 1_000_000, 0).decode(errors="replace")

    def close(self) -> None:
        """End the process, and what it started. May be called again."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._log.close()

    def create_realm(
        self, name: str, clients: Collection[Mapping[str, Any]], roles_of: Mapping[str, Collection[str]]
    ) -> Realm:
        """A realm of its own keys, whose access tokens live an hour.

        Args:
            name: of the realm.
            clients: as `client` makes them.
            roles_of: the realm's roles that a user has, by user name.
        """
        roles = sorted({role for roles in roles_of.values() for role in roles})
        self.administer(
            "POST",
            "/realms",
            {
                "realm": name,
                "enabled": True,
                "accessTokenLifespan": 3600,
                "roles": {"realm": [{"name": role} for role in roles]},
                "clients": list(clients),
                "users": [_user(user, roles) for user, roles in roles_of.items()],
            },
        )
        return Realm(self, name)

    def administer(self, method: str, path: str, body: Any = None) -> tuple[HTTPMessage, Any]:
        """What the admin API answers at a path below `/admin`: headers, and the decoded body, if there is one."""
        headers = {"Authorization": f"Bearer {self.admin_token()}", "Content-Type": "application/json"}
        return _ask(method, f"{self.url}/admin{path}", None if body is None else json.dumps(body).encode(), headers)

    def admin_token(self) -> str:
        """An access token of the realm `master`; it lives a minute."""
        return Realm(self, "master").service_token("admin")


class Realm:
    """A realm of a running server; its `issuer` is the `iss` of its tokens."""

    def __init__(self, server: Keycloak, name: str) -> None:
        self.issuer = f"{server.url}/realms/{name}"
        self._server = server
        self._path = f"/realms/{name}"
        self._priority = 100  # the keys that a realm is born with have this

    def service_token(self, client_id: str) -> str:
        """An access token for the client itself, by the client credentials grant."""
        return self._tokens(client_id, grant_type="client_credentials")["access_token"]

    def log_in(self, client_id: str, user: str) -> dict[str, str]:
        """`access_token`, `id_token` and `refresh_token` of a user, by the password grant."""
        return self._tokens(client_id, grant_type="password", username=user, password=_SECRET, scope="openid")

    def key_set(self) -> list[dict[str, Any]]:
        """The public keys as they are published now."""
        keys: list[dict[str, Any]] = _ask("GET", f"{self.issuer}/protocol/openid-connect/certs", None, {})[1]["keys"]
        return keys

    def sign_with(self, alg: str, client_id: str) -> None:
        """Sign the tokens of a client by `alg` from now on."""
        attributes = {f"{token}.signed.response.alg": alg for token in ("access.token", "id.token")}
        self._server.administer("PUT", f"{self._path}/clients/{client_id}", {"attributes": attributes})

    def add_key(self, alg: str, curve: str | None = None) -> str:
        """Publish a new key, which signs from now on whatever is signed by `alg`. Returns its provider's id."""
        self._priority += 1
        config = {"priority": str(self._priority), "enabled": "true", "active": "true"}
        if curve := curve or CURVES.get(alg):
            kind = "ecdsa" if alg.startswith("ES") else "eddsa"
            config[f"{kind}EllipticCurveKey"] = curve
        else:
            kind = "rsa"
            config |= {"algorithm": alg, "keySize": "2048"}
        provider = {
            "name": f"{alg}-{self._priority}",
            "providerType": "org.keycloak.keys.KeyProvider",
            "providerId": f"{kind}-generated",
            "config": {name: [value] for name, value in config.items()},
        }
        headers, _ = self._server.administer("POST", f"{self._path}/components", provider)
        return headers["Location"].rpartition("/")[2]

    def passivate_key(self, provider: str) -> None:
        """Sign no more with a key that stays published."""
        self._configure(provider, active="false")

    def disable_key(self, provider: str) -> None:
        """Take a key out of the key set."""
        self._configure(provider, enabled="false")

    def _configure(self, provider: str, **config: str) -> None:
        path = f"{self._path}/components/{provider}"
        _, component = self._server.administer("GET", path)
        component["config"].update((name, [value]) for name, value in config.items())
        self._server.administer("PUT", path, component)

    def _tokens(self, client_id: str, **form: str) -> dict[str, str]:
        form |= {"client_id": client_id, "client_secret": _SECRET}
        url = f"{self.issuer}/protocol/openid-connect/token"
        tokens: dict[str, str] = _ask("POST", url, urllib.parse.urlencode(form).encode(), {})[1]
        return tokens


def client(client_id: str, audience: str | None = None, **attributes: str) -> dict[str, Any]:
    """A confidential client, in the words of the admin API; Keycloak puts no `aud` for an API into a token unasked."""
    mapper = {
        "name": "audience",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": {"included.custom.audience": audience, "access.token.claim": "true"},
    }
    return {
        "id": client_id,
        "clientId": client_id,
        "secret": _SECRET,
        "serviceAccountsEnabled": True,
        "directAccessGrantsEnabled": True,
        "attributes": attributes,
        "protocolMappers": [mapper] if audience else [],
    }


def install() -> Path:
    """The folder of the distribution, which is brought there unless that was done before.

    Raises:
        Missing: when Maven is not there.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "authjwks"
    home = cache / f"keycloak-{VERSION}"
    if not home.exists():
        artifact = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:tar.gz"
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            options = ["--batch-mode", "--quiet", "--strict-checksums"]
            goal = [f"{_PLUGIN}:unpack", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"]
            subprocess.run([_tool("mvn"), *options, *goal], cwd=folder, check=True)
            Path(folder, home.name).rename(home)
    return home


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Missing(f"Keycloak needs {name}: apt-get install default-jre-headless maven")
    return found


def _user(name: str, roles: Collection[str]) -> dict[str, Any]:
    """With less said about it, a user would first have to complete the account at a log-in page."""
    return {
        "username": name,
        "enabled": True,
        "email": f"{name}@example.com",
        "emailVerified": True,
        "firstName": name,
        "lastName": name,
        "credentials": [{"type": "password", "value": _SECRET}],
        "realmRoles": list(roles),
    }


def _ask(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[HTTPMessage, Any]:
    request = urllib.request.Request(url, body, dict(headers), method=method)
    with _DIRECT.open(request, timeout=60) as answer:
        text = answer.read()
        return answer.headers, json.loads(text) if text else None
