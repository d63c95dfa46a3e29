"""axioms-core, the heart of axioms-flask and axioms-fastapi: keys from its background manager."""

from __future__ import annotations

from axioms_core import (
    AxiomsConfig,
    check_token_validity,
    get_key_from_jwks_json,
    initialize_jwks_manager,
    validate_token_header,
)

from benchmarks.cases import Case
from benchmarks.contestants import Contestant, Verify


class Axioms(Contestant):
    algorithms = ("RS256", "PS256", "ES256", "ES384", "ES512")

    def verifier(self, case: Case) -> Verify:
        config = AxiomsConfig(AXIOMS_AUDIENCE=case.audience, AXIOMS_ISS_URL=case.issuer, AXIOMS_JWKS_URL=case.url)
        initialize_jwks_manager(config=config, prefetch=False)

        def verify(token: str) -> object:
            header = validate_token_header(token)
            key = get_key_from_jwks_json(header["kid"], config)
            return check_token_validity(token, key, header["alg"], case.audience, case.issuer)

        return verify
