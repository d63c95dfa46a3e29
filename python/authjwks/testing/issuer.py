"""An OpenID Connect issuer inside the test process: real HTTP, real signatures, and failures on demand."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from authjwks.testing.keyring import KeyRing
from authjwks.testing.keys import ALGORITHMS, SigningKey, b64url_json
from authjwks.testing.responses import EVERY_PATH, Response, Responses
from authjwks.testing.server import LoopbackServer


class Issuer(KeyRing):
    """Mints access tokens, and serves discovery and its keys over HTTP on 127.0.0.1.

    ::

        with Issuer() as issuer:
            verifier = Verifier(issuer.issuer, issuer.audience, http=HttpOptions(allow_http=True))
            verifier.verify(issuer.mint(roles=["editor"]))

    It has one key per algorithm of `ALGORITHMS`, all published from the first fetch on. Keys are made when first
    needed and reused by issuers opened later, so an issuer per test costs little; two open issuers never share a
    key, though their key ids are alike. Thread-safe.

    Attributes:
        audience: the `aud` of minted tokens, and what your verifier should expect.
        cache_control: the `Cache-Control` header of its documents; None sends none. May be changed at any time.
    """

    def __init__(self, *, audience: str = "https://api.example", cache_control: str | None = None) -> None:
        super().__init__()
        self.audience = audience
        self.cache_control = cache_control
        self._responses = Responses(self._usual_response)
        self._server: LoopbackServer | None = None

    def start(self) -> Issuer:
        """Serve from now on, on a free port; `with` does this for you."""
        if self._server is None:
            self._server = LoopbackServer(self._responses.respond)
        return self

    def close(self) -> None:
        """Stop serving, close open connections and leave the keys to later issuers."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.release()

    def __enter__(self) -> Issuer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def issuer(self) -> str:
        """The issuer's URL, without a trailing slash: the `iss` of its tokens.

        Raises:
            RuntimeError: before `start` and after `close`.
        """
        if self._server is None:
            raise RuntimeError("this issuer is not running; use it in a with statement")
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def jwks_uri(self) -> str:
        """Where the public keys are served. Raises as `issuer` does."""
        return f"{self.issuer}/jwks"

    @property
    def fetches(self) -> Counter[str]:
        """How many requests there were for each path, as in `issuer.fetches["/jwks"]`; a copy."""
        return self._responses.fetches()

    def mint(
        self,
        claims: Mapping[str, Any] | None = None,
        *,
        alg: str = "RS256",
        headers: Mapping[str, Any] | None = None,
        lifetime: float = 300.0,
        key: SigningKey | None = None,
        **more: Any,
    ) -> str:
        """A signed access token (RFC 9068) with `iss`, `aud`, `sub`, `client_id`, `iat`, `exp` and `jti` filled in.

        Args:
            claims: claims to add, to replace or, by a value of None, to leave out; for names that are no keywords.
            alg: which of the issuer's keys signs.
            headers: header parameters to add, replace or leave out likewise; the signing key stays the same.
            lifetime: seconds from now to `exp`; below zero the token has already expired.
            key: signs instead of the issuer's own, by its own algorithm and under its own key id.
            more: as `claims`, and they win over those.

        Raises:
            ValueError: when `alg` is none of `ALGORITHMS`.
            RuntimeError: when the issuer is not running.
        """
        key = key or self.key(alg)
        expiry = time.time() + lifetime
        standard = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": "user-1",
            "client_id": "client-1",
            "iat": int(min(time.time(), expiry)),
            "exp": int(expiry),
            "jti": str(uuid.uuid4()),
        }
        header = {"alg": key.alg, "typ": "at+jwt", "kid": key.kid}
        claims = {**standard, **(claims or {}), **more}
        return key.sign_compact(_without_none({**header, **(headers or {})}), _without_none(claims))

    def respond(
        self,
        path: str,
        status: int = 200,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
    ) -> AbstractContextManager[None]:
        """Inside the `with` block, respond to GET `path` this way.

        Args:
            path: from its slash on, without a query; may be one that is not served otherwise.
            status: HTTP status.
            body: None keeps the usual document (empty where there is none).
            headers: sent besides the usual ones, or in their place.
            delay: seconds to wait before the response.
        """
        return self._responses.override(
            path, status, body.encode() if isinstance(body, str) else body, headers or {}, delay
        )

    def outage(self) -> AbstractContextManager[None]:
        """Inside the `with` block, respond to every path with 503."""
        return self.respond(EVERY_PATH, 503, b"")

    def _usual_response(self, path: str) -> Response:
        if path == "/jwks":
            document: Mapping[str, Any] = self.jwks()
        elif path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
            document = self._metadata()
        else:
            return Response(404, b"", {})
        caching = {} if self.cache_control is None else {"Cache-Control": self.cache_control}
        return Response(200, json.dumps(document).encode(), {"Content-Type": "application/json", **caching})

    def _metadata(self) -> dict[str, Any]:
        """What OpenID Connect Discovery 1.0 §3 and RFC 8414 §2 ask of an issuer without end users."""
        return {
            "issuer": self.issuer,
            "jwks_uri": self.jwks_uri,
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": list(ALGORITHMS),
        }


def tampered(token: str) -> str:
    """The same token with another `sub` under the old signature."""
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return f"{header}.{b64url_json({**claims, 'sub': 'someone else'})}.{signature}"


def _without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
