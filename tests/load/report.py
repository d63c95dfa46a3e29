"""What a run under load came to, as text."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from tests.load.judge import good_tokens, late_unavailability, longest_streaks
from tests.load.timeline import Timeline
from tests.load.traffic import GOOD, KINDS, Answer
from tests.servers.rotating_issuer import KEY_SET_PATH, METADATA_PATH


class Run(NamedTuple):
    """All that is known of a run.

    Attributes:
        seconds: how long traffic was sent.
        fetches: how often the issuer was asked, by worker and path.
        kilobytes: resident memory of each worker after its first answers and at the end.
    """

    answers: list[Answer]
    timeline: Timeline
    seconds: float
    fetches: dict[tuple[str, str], int]
    kilobytes: dict[str, tuple[int, int]]


def report(run: Run) -> list[str]:
    """Counts by kind and answer, rates, fetches, memory and streaks."""
    return [*_counts(run), "", *_rates(run), "", *_workers(run), "", *_streaks(run)]


def _counts(run: Run) -> list[str]:
    counts = Counter((answer.kind, _column(answer)) for answer in run.answers)
    columns = sorted({column for _, column in counts})
    lines = [f"{'token':<16}" + "".join(f"{column:>24}" for column in columns)]
    lines += [f"{kind:<16}" + "".join(f"{counts[kind, column]:>24}" for column in columns) for kind in KINDS]
    return lines


def _column(answer: Answer) -> str:
    return f"{answer.status or 'none'} {answer.code}".strip()


def _rates(run: Run) -> list[str]:
    slowest = max(answer.ended - answer.began for answer in run.answers)
    good = sum(answer.kind == GOOD for answer in run.answers)
    overtaken = good - len(good_tokens(run.answers, run.timeline))
    late = [passed for _, passed in late_unavailability(run.answers, run.timeline)]
    rate = f"{len(run.answers) / run.seconds:.0f} a second"
    return [
        f"{len(run.answers)} answers in {run.seconds:.0f} s, {rate}; the slowest took {slowest:.2f} s",
        f"{len(run.timeline.published)} keys published, {len(run.timeline.outages)} outages",
        f"{overtaken} good tokens were answered after their keys were withdrawn, and are not judged",
        f"{len(late)} late 503s for good tokens, the latest {max(late, default=0.0):.2f} s after the key could be had",
    ]


def _workers(run: Run) -> list[str]:
    lines = [f"{'worker':<10}{'answers':>10}{'metadata':>10}{'key sets':>10}{'MB first':>10}{'MB last':>10}"]
    for worker, (first, last) in sorted(run.kilobytes.items()):
        answers = sum(answer.worker == worker for answer in run.answers)
        asked = [run.fetches.get((worker, path), 0) for path in (METADATA_PATH, KEY_SET_PATH)]
        lines.append(f"{worker:<10}{answers:>10}{asked[0]:>10}{asked[1]:>10}{first / 1024:>10.1f}{last / 1024:>10.1f}")
    return lines


def _streaks(run: Run) -> list[str]:
    streaks = longest_streaks(run.answers, run.timeline).values()
    return [
        f"longest run of 503s for good tokens, {'issuer' if streak.outage == 'up' else 'outage by'} {streak.outage}: "
        f"{streak.answers} in {streak.seconds:.2f} s ({streak.kid}, worker {streak.worker})"
        for streak in sorted(streaks)
    ]
