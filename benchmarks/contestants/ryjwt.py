"""ryjwt: Rust on AWS-LC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ryjwt

from benchmarks.cases import Case
from benchmarks.contestants import Contestant, Verify


class Ryjwt(Contestant):
    def verifier(self, case: Case) -> Verify:
        checks: dict[str, Any] = {"algorithms": [case.algorithm], "audience": case.audience, "issuer": case.issuer}
        if case.must_fetch:
            client = ryjwt.JWKSClient(case.url, **checks)
            return lambda token: client.decode(token, leeway=30)
        key = ryjwt.PublicKey.from_jwks(case.jwks, **checks)
        return lambda token: key.decode(token, leeway=30)

    def parser(self, case: Case) -> Callable[[], object]:
        return lambda: ryjwt.PublicKey.from_jwks(case.jwks, algorithms=[case.algorithm])
