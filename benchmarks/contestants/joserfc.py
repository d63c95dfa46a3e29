"""joserfc: the key set at hand, claims through its registry."""

from __future__ import annotations

import json
from collections.abc import Callable

from joserfc import jwk, jwt

from benchmarks.cases import Case
from benchmarks.contestants import Cannot, Contestant, Verify


class Joserfc(Contestant):
    def verifier(self, case: Case) -> Verify:
        if case.must_fetch:
            raise Cannot("leaves fetching to its user")
        keys = jwk.KeySet.import_key_set(json.loads(case.jwks))
        claims = jwt.JWTClaimsRegistry(
            leeway=30,
            iss={"essential": True, "value": case.issuer},
            aud={"essential": True, "value": case.audience},
            exp={"essential": True},
        )

        def verify(token: str) -> object:
            decoded = jwt.decode(token, keys, algorithms=[case.algorithm])
            claims.validate(decoded.claims)
            return decoded.claims

        return verify

    def parser(self, case: Case) -> Callable[[], object]:
        def parse() -> object:
            # Keys are only read when they are used, so this makes each ready for use.
            return [key.public_key for key in jwk.KeySet.import_key_set(json.loads(case.jwks)).keys]

        return parse
