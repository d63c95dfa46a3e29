"""What it costs to say no: the work that anyone can cause without a good token."""

from __future__ import annotations

import secrets
from typing import Any

from benchmarks import tokens
from benchmarks.bench import Bench
from benchmarks.report import Section, contest_table

CONTESTANTS = ("authjwks", "ryjwt", "PyJWT", "PyJWKClient", "joserfc", "auth-jwks", "axioms")


def measure(bench: Bench) -> Section:
    good = bench.signer("RS256").token(tokens.payload())
    header, _, signature = good.split(".")
    cases: dict[str, dict[str, Any]] = {
        "a signature that does not match": {"tokens": tuple(map(tokens.forged, bench.distinct("RS256", 200)))},
        "an unknown key, named again and again": {
            "tokens": tokens.strangers(good, 2_000),
            "must_fetch": True,
        },
        "garbage": {"tokens": ("not a token", "a.b.c", secrets.token_urlsafe(450), good[:-400], f"{good}.{good}")},
        "a token of 1 MB": {"tokens": (f"{header}.{'QUJD' * 262_144}.{signature}",)},
    }
    tables = []
    with bench.players(CONTESTANTS) as players:
        for number, (title, changes) in enumerate(cases.items()):
            outcome = bench.contest(players, bench.case(f"refusal-{number}", is_refused=True, **changes))
            tables.append(contest_table(f"RS256, refused: {title}", *outcome))
    return Section(tables)
