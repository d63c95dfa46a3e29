"""A key set of 100 RSA keys, from JSON to keys that can check signatures."""

from __future__ import annotations

from benchmarks import tokens
from benchmarks.bench import Bench
from benchmarks.report import Section, contest_table

CONTESTANTS = ("authjwks", "ryjwt", "PyJWT", "joserfc", "Authlib", "python-jose", "auth-jwks", "axioms")


def measure(bench: Bench) -> Section:
    jwks = tokens.key_set(bench.signer("RS256"), decoys=99)
    with bench.players(CONTESTANTS) as players:
        outcome = bench.contest(players, bench.case("parsing", jwks=jwks, parses_keys=True))
    return Section([contest_table("100 RSA keys read from JSON", *outcome)])
