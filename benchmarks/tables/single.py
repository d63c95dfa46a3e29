"""One token, verified again and again with nothing cached, by algorithm."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.environment import ON_AWS_LC
from benchmarks.report import RIVAL, Chart, Section, contest_table, matrix, relative
from benchmarks.rounds import RAW
from benchmarks.tokens import ALGORITHMS

OURS = ("authjwks", ON_AWS_LC)
CONTESTANTS = (
    *OURS,
    "ryjwt",
    "PyJWT",
    "PyJWKClient",
    "joserfc",
    "Authlib",
    "python-jose",
    "auth-jwks",
    "axioms",
)


def measure(bench: Bench) -> Section:
    details = []
    ratios: dict[str, dict[str, float]] = {}
    beside: dict[str, dict[str, float]] = {}
    with bench.players(CONTESTANTS) as players:
        for algorithm in ALGORITHMS:
            outcome = bench.contest(players, bench.case(f"single-{algorithm}", algorithm))
            details.append(contest_table(f"{algorithm}, nothing cached", *outcome))
            ratios[algorithm] = {name: series.ratio for name, series in outcome.series.items()}
            rival = outcome.series.get(RIVAL)
            beside[algorithm] = {n: relative(outcome.series[n], rival) for n in OURS if rival and n in outcome.series}
    overview = matrix("All checks of one token: CPU time, x raw", "contestant", ratios)
    rivalry = matrix(f"The two builds beside {RIVAL}: CPU time, x {RIVAL}", "contestant", beside)
    names = [name for name in ratios["RS256"] if name != RAW]
    drawn = {name: [ratios[algorithm].get(name) for algorithm in ALGORITHMS] for name in names}
    chart = Chart(
        "single", "CPU time to verify one token, x raw OpenSSL (logarithmic)", drawn, list(ALGORITHMS), is_log=True
    )
    return Section([overview, rivalry], [chart], details)
