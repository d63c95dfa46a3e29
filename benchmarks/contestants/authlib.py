"""Authlib's authlib.jose: the key set at hand, claims through its options."""

from __future__ import annotations

import json
from collections.abc import Callable

from authlib.jose import JsonWebKey, JsonWebToken

from benchmarks.cases import Case
from benchmarks.contestants import Cannot, Contestant, Verify


class Authlib(Contestant):
    def verifier(self, case: Case) -> Verify:
        if case.must_fetch:
            raise Cannot("leaves fetching to its user")
        keys = JsonWebKey.import_key_set(json.loads(case.jwks))
        tokens = JsonWebToken([case.algorithm])
        options = {
            "iss": {"essential": True, "value": case.issuer},
            "aud": {"essential": True, "value": case.audience},
            "exp": {"essential": True},
        }

        def verify(token: str) -> object:
            claims = tokens.decode(token, keys, claims_options=options)
            claims.validate(leeway=30)
            return claims

        return verify

    def parser(self, case: Case) -> Callable[[], object]:
        def parse() -> object:
            # Keys are only read when they are used, so this makes each ready for use.
            return [key.get_public_key() for key in JsonWebKey.import_key_set(json.loads(case.jwks)).keys]

        return parse
