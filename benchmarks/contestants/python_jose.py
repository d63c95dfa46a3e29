"""python-jose on cryptography: one constructed key at hand."""

from __future__ import annotations

import json
from collections.abc import Callable

from jose import jwk, jwt

from benchmarks.cases import Case
from benchmarks.contestants import Cannot, Contestant, Verify


class PythonJose(Contestant):
    algorithms = ("RS256", "ES256", "ES384", "ES512")

    def verifier(self, case: Case) -> Verify:
        if case.must_fetch:
            raise Cannot("leaves fetching to its user")
        kid = jwt.get_unverified_header(case.good)["kid"]
        members = json.loads(case.jwks)["keys"]
        key = jwk.construct(next(member for member in members if member["kid"] == kid))
        checks = {"algorithms": [case.algorithm], "audience": case.audience, "issuer": case.issuer}
        return lambda token: jwt.decode(token, key, options={"leeway": 30}, **checks)

    def parser(self, case: Case) -> Callable[[], object]:
        return lambda: [jwk.construct(member) for member in json.loads(case.jwks)["keys"]]
