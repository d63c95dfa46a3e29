"""The requests that every framework must refuse, and refuse alike."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from authjwks.testing import Issuer, tampered

ROLE, SCOPE = "editor", "read:posts"
"""What the guarded route of every framework test asks for."""


class Refusal(NamedTuple):
    """A request's Authorization header (None: not sent) and how it must be refused."""

    authorization: str | None
    status: int
    error: str
    code: str
    scope: str | None = None
    claim: str | None = None

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
        return {"error": self.error, "code": self.code, "detail": sentence, **self.named_claim}

    @property
    def named_claim(self) -> dict[str, str]:
        return {} if self.claim is None else {"claim": self.claim}


def claiming_to_be_unsigned(issuer: Issuer) -> str:
    """A token with a signature, whose header names no algorithm ("none")."""
    _, payload, signature = issuer.mint().split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    return f"{header}.{payload}.{signature}"


def with_rights(issuer: Issuer, **claims: Any) -> str:
    """A token with ROLE and SCOPE, which `claims` may replace."""
    return issuer.mint({"roles": [ROLE], "scope": SCOPE, **claims})


TOKENS_401: Mapping[str, tuple[str, Callable[[Issuer], str]]] = {
    "not_a_token": ("malformed", lambda issuer: "abc"),
    "one_megabyte": ("too_long", lambda issuer: "a" * 1_000_000),
    "signature_cut_off": ("malformed", lambda issuer: issuer.mint().rpartition(".")[0] + "."),
    "unsigned": ("unsupported_alg", claiming_to_be_unsigned),
    "tampered": ("bad_signature", lambda issuer: tampered(with_rights(issuer))),
    "forged": ("bad_signature", lambda issuer: issuer.mint(roles=[ROLE], key=issuer.impostor())),
    "foreign_key": ("unknown_key", lambda issuer: issuer.mint(headers={"kid": "of another issuer"})),
    "expired": ("expired", lambda issuer: issuer.mint(lifetime=-3600)),
    "not_yet_valid": ("not_yet_valid", lambda issuer: issuer.mint(nbf=2**33)),
    "wrong_issuer": ("wrong_issuer", lambda issuer: issuer.mint(iss="https://other.example")),
    "wrong_audience": ("wrong_audience", lambda issuer: issuer.mint(aud="https://other.example")),
    "wrong_type": ("wrong_type", lambda issuer: issuer.mint(headers={"typ": "logout+jwt"})),
    "without_expiry": ("claim_missing", lambda issuer: issuer.mint(exp=None)),
    "expiry_of_wrong_type": ("claim_invalid", lambda issuer: issuer.mint(exp="soon")),
    "opaque": ("malformed", lambda issuer: "2YotnFZFEjr1zCsicMWpAA"),
    "encrypted": ("malformed", lambda issuer: f"{issuer.mint()}.Y2lwaGVy.dGFn"),
    "bound": ("bound_token", lambda issuer: issuer.mint(cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})),
}
"""Why a token is not accepted: the code, and a token of that kind."""

CLAIM_OF: Mapping[str, str] = {"without_expiry": "exp", "expiry_of_wrong_type": "exp"}
"""The claim that the answer names, for the rows of TOKENS_401 with one."""

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
"""Claims that do not grant what the route asks for: the code, and what they are."""

HEADERS: Mapping[str, tuple[int, str, str, str | None]] = {
    "no_header": (401, "invalid_token", "missing_token", None),
    "empty_header": (401, "invalid_token", "missing_token", ""),
    "other_scheme": (401, "invalid_token", "missing_token", "Basic YTpi"),
    "scheme_alone": (400, "invalid_request", "malformed", "Bearer"),
    "two_tokens": (400, "invalid_request", "malformed", "Bearer a.b.c d.e.f"),
}
"""Headers without one bearer token: status, RFC 6750's error, code, and the header (None: not sent)."""

REFUSALS = [*HEADERS, *TOKENS_401, *CLAIMS_403]


def refusal_named(case: str, issuer: Issuer) -> Refusal:
    """The request that a row of one of the three tables stands for."""
    if case in HEADERS:
        status, error, code, header = HEADERS[case]
        return Refusal(header, status, error, code)
    if case in TOKENS_401:
        code, make = TOKENS_401[case]
        return Refusal(f"Bearer {make(issuer)}", 401, "invalid_token", code, claim=CLAIM_OF.get(case))
    code, claims = CLAIMS_403[case]
    scope = SCOPE if code == "insufficient_scope" else None
    return Refusal(f"Bearer {with_rights(issuer, **claims)}", 403, "insufficient_scope", code, scope)


HOSTILE_HEADERS: Mapping[str, bytes] = {
    "line_break": b"Bearer a.b.c\r\nX-Evil: 1",
    "nul": b"Bearer a\x00.b.c",
    "latin_1": "Bearer tök.en.ü".encode("latin-1"),
    "utf_8": "Bearer 令.牌.呢".encode(),
    "not_utf_8": b"Bearer \xff\xfe.\xed\xa0\x80.\xff",
    "dots": b"Bearer " + b"." * 1_000_000,
    "blanks": b" " * 100_000 + b"Bearer",
    "tab": b"bearer\ta.b.c",
    "joined_by_a_proxy": b"Bearer a.b.c, Bearer a.b.c",
}
"""Bytes that no honest client sends."""
