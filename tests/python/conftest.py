"""A real issuer, a verifier that trusts it, and the requests that every framework must refuse alike."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

from authjwks import HttpOptions, KeyOptions, Verifier
from authjwks.testing import Issuer, tampered

ROLE, SCOPE = "editor", "read:posts"
"""What the guarded route of every framework test asks for."""


class Refusal(NamedTuple):
    """A request's Authorization header (None: not sent) and how it must be refused."""

    authorization: str | None
    status: int
    error: str
    code: str
    scope: str | None

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.authorization is None else {"Authorization": self.authorization}

    def challenge(self, sentence: str) -> str:
        """RFC 6750 §3: bare without credentials, else with error, description and, for a lacking scope, `scope`."""
        if self.code == "missing_token":
            return "Bearer"
        scope = "" if self.scope is None else f', scope="{self.scope}"'
        return f'Bearer error="{self.error}", error_description="{sentence}"{scope}'

    def body(self, sentence: str) -> dict[str, str]:
        return {"error": self.error, "code": self.code, "detail": sentence}


def claiming_to_be_unsigned(issuer: Issuer) -> str:
    _, payload, signature = issuer.mint().split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    return f"{header}.{payload}.{signature}"


def with_right(issuer: Issuer, **claims: Any) -> str:
    return issuer.mint({"roles": [ROLE], "scope": SCOPE, **claims})


TOKENS_401: Mapping[str, tuple[str, Callable[[Issuer], str]]] = {
    "not_a_token": ("malformed", lambda issuer: "abc"),
    "one_megabyte": ("too_long", lambda issuer: "a" * 1_000_000),
    "signature_cut_off": ("malformed", lambda issuer: issuer.mint().rpartition(".")[0] + "."),
    "unsigned": ("unsupported_alg", claiming_to_be_unsigned),
    "tampered": ("bad_signature", lambda issuer: tampered(with_right(issuer))),
    "forged": ("bad_signature", lambda issuer: issuer.mint(roles=[ROLE], key=issuer.impostor())),
    "foreign_key": ("unknown_key", lambda issuer: issuer.mint(headers={"kid": "of another issuer"})),
    "expired": ("expired", lambda issuer: issuer.mint(lifetime=-3600)),
    "not_yet_valid": ("not_yet_valid", lambda issuer: issuer.mint(nbf=2**33)),
    "wrong_issuer": ("wrong_issuer", lambda issuer: issuer.mint(iss="https://other.example")),
    "wrong_audience": ("wrong_audience", lambda issuer: issuer.mint(aud="https://other.example")),
    "wrong_type": ("wrong_type", lambda issuer: issuer.mint(headers={"typ": "logout+jwt"})),
    "without_expiry": ("claim_missing", lambda issuer: issuer.mint(exp=None)),
    "expiry_of_wrong_type": ("claim_invalid", lambda issuer: issuer.mint(exp="soon")),
}
CLAIMS_403: Mapping[str, tuple[str, dict[str, Any]]] = {
    "without_role": ("forbidden", {"roles": None}),
    "wrong_role": ("forbidden", {"roles": ["Editor", "edito"]}),
    "role_as_number": ("forbidden", {"roles": 5}),
    "role_as_key": ("forbidden", {"roles": {ROLE: True}}),
    "roles_of_no_str": ("forbidden", {"roles": [[ROLE], {ROLE: 1}, None, 5]}),
    "without_scope": ("insufficient_scope", {"scope": None}),
    "wrong_scope": ("insufficient_scope", {"scope": f"{SCOPE}s x{SCOPE}"}),
    "scope_as_bool": ("insufficient_scope", {"scope": True}),
}
HEADERS: Mapping[str, tuple[int, str, str, str | None]] = {
    "no_header": (401, "invalid_token", "missing_token", None),
    "empty_header": (401, "invalid_token", "missing_token", ""),
    "other_scheme": (401, "invalid_token", "missing_token", "Basic YTpi"),
    "scheme_alone": (400, "invalid_request", "malformed", "Bearer"),
    "two_tokens": (400, "invalid_request", "malformed", "Bearer a.b.c d.e.f"),
}


@pytest.fixture(params=[*HEADERS, *TOKENS_401, *CLAIMS_403])
def refusal(request: pytest.FixtureRequest, issuer: Issuer) -> Refusal:
    """Each request that is refused by a route that asks for ROLE and SCOPE."""
    case: str = request.param
    if case in HEADERS:
        status, error, code, header = HEADERS[case]
        return Refusal(header, status, error, code, None)
    if case in TOKENS_401:
        code, make = TOKENS_401[case]
        return Refusal(f"Bearer {make(issuer)}", 401, "invalid_token", code, None)
    code, claims = CLAIMS_403[case]
    scope = SCOPE if code == "insufficient_scope" else None
    return Refusal(f"Bearer {with_right(issuer, **claims)}", 403, "insufficient_scope", code, scope)


@pytest.fixture(
    params=[
        pytest.param(b"Bearer a.b.c\r\nX-Evil: 1", id="line_break"),
        pytest.param(b"Bearer a\x00.b.c", id="nul"),
        pytest.param("Bearer tök.en.ü".encode("latin-1"), id="latin_1"),
        pytest.param("Bearer 令.牌.呢".encode(), id="utf_8"),
        pytest.param(b"Bearer \xff\xfe.\xed\xa0\x80.\xff", id="not_utf_8"),
        pytest.param(b"Bearer " + b"." * 1_000_000, id="dots"),
        pytest.param(b" " * 100_000 + b"Bearer", id="blanks"),
        pytest.param(b"bearer\ta.b.c", id="tab"),
        pytest.param(b"Bearer a.b.c, Bearer a.b.c", id="joined_by_a_proxy"),
    ]
)
def hostile_header(request: pytest.FixtureRequest) -> bytes:
    """Bytes that no honest client sends; answered with 400 or 401, and never echoed."""
    header: bytes = request.param
    return header


@pytest.fixture(scope="session")
def issuer():
    with Issuer() as running:
        yield running


@pytest.fixture(scope="session")
def verifier(issuer: Issuer) -> Verifier:
    """Finds the issuer's keys by discovery, over HTTP."""
    return verifier_of(issuer)


@pytest.fixture
def cold_verifier(issuer: Issuer) -> Verifier:
    """Has asked the issuer for nothing yet."""
    return verifier_of(issuer)


def verifier_of(issuer: Issuer) -> Verifier:
    return Verifier(issuer.issuer, issuer.audience, http=HttpOptions(allow_http=True), keys=KeyOptions(cooldown=0.0))


@pytest.fixture
def good(issuer: Issuer) -> dict[str, str]:
    """The headers of a caller who has ROLE and SCOPE."""
    return {"Authorization": f"Bearer {with_right(issuer)}"}
