"""auth-jwks: async, keys fetched by httpx."""

from __future__ import annotations

from auth_jwks import JWKS

from benchmarks.cases import Case
from benchmarks.contestants import Contestant, Verify


class AuthJwks(Contestant):
    algorithms = ("RS256", "ES256")

    def verifier(self, case: Case) -> Verify:
        keys = JWKS(
            jwks_uri=case.url,
            aud=case.audience,
            issuer=case.issuer,
            allowed_algorithms={case.algorithm},
        )

        async def verify(token: str) -> object:
            return await keys.verify_token(token)

        return verify
