"""PyJWT: with a key at hand, and with the key looked up by its PyJWKClient."""

from __future__ import annotations

from collections.abc import Callable

import jwt

from benchmarks.cases import Case
from benchmarks.contestants import Contestant, Verify


class PyJwt(Contestant):
    def verifier(self, case: Case) -> Verify:
        if case.must_fetch:
            return PyJwkClient().verifier(case)
        key = jwt.PyJWKSet.from_json(case.jwks)[_kid(case)]
        options = {"algorithms": [case.algorithm], "audience": case.audience, "issuer": case.issuer, "leeway": 30}
        return lambda token: jwt.decode(token, key, **options)

    def parser(self, case: Case) -> Callable[[], object]:
        return lambda: jwt.PyJWKSet.from_json(case.jwks)


class PyJwkClient(Contestant):
    def verifier(self, case: Case) -> Verify:
        client = jwt.PyJWKClient(case.url)
        options = {"algorithms": [case.algorithm], "audience": case.audience, "issuer": case.issuer, "leeway": 30}
        return lambda token: jwt.decode(token, client.get_signing_key_from_jwt(token), **options)


def _kid(case: Case) -> str:
    return str(jwt.get_unverified_header(case.good)["kid"])
