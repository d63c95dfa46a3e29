"""How often an issuer is asked when many come at once, and when many name keys that it does not have."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks import tokens
from benchmarks.bench import Bench
from benchmarks.report import Section, Table, absences, figure

CONTESTANTS = ("authjwks", "ryjwt", "PyJWKClient", "auth-jwks", "axioms")
HERD, FLOOD = 200, 1_000
HERD_DELAY, FLOOD_DELAY = 0.05, 0.005


def measure(bench: Bench) -> Section:
    herd, flood = (20, 20) if bench.is_quick else (HERD, FLOOD)
    strangers = tokens.strangers(bench.signer("RS256").token(tokens.payload()), flood)
    rows = []
    missing: dict[str, str] = {}
    for number, name in enumerate(CONTESTANTS):
        case = bench.case(f"herd-{number}", must_fetch=True, is_refused=True, tokens=strangers)
        with bench.players([name]) as (_, player):
            able, absent = bench.ready([player], case)
            missing |= absent
            if able:
                asked, _ = _fetches(bench, case.name, HERD_DELAY, lambda: player.herd(herd))
                asked_again, seconds = _fetches(bench, case.name, FLOOD_DELAY, lambda: player.time(flood))
                rows.append([name, str(asked), str(asked_again), figure(seconds * 1e3)])
    head = ["fetches", f"{herd} first requests at once", f"{flood:,} unknown keys, in turn", "these took, ms"]
    notes = [f"The issuer answers after {HERD_DELAY * 1e3:g} ms in the first column, {FLOOD_DELAY * 1e3:g} ms then."]
    return Section([Table("How often the issuer is asked", head, rows, [*notes, *absences(missing)])])


def _fetches(bench: Bench, case: str, delay: float, work: Callable[[], object]) -> tuple[int, float]:
    """How often the case's keys are asked for while the work is done, and the seconds that takes."""
    before, began = bench.server.fetches[case], time.monotonic()
    bench.server.delay = delay
    work()
    bench.server.delay = 0.0
    return bench.server.fetches[case] - before, time.monotonic() - began
