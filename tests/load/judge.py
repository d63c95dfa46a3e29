"""Which answers were wrong, by what truly happened to the issuer. Pure: answers and timeline in, wrong answers out."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from tests.load.timeline import Outage, Timeline
from tests.load.traffic import GOOD, Answer

GRACE_SECONDS = 1.0
"""After a key can be fetched, a token by it that is sent later than this must be judged."""


def wrong_acceptances(answers: Iterable[Answer]) -> list[Answer]:
    """Bad tokens that were let in."""
    return [answer for answer in answers if answer.kind != GOOD and answer.status == 200]


def wrong_refusals(answers: Iterable[Answer], timeline: Timeline) -> list[Answer]:
    """Good tokens that were answered with 401 while their keys were published."""
    return [answer for answer in good_tokens(answers, timeline) if answer.status == 401]


def odd_answers(answers: Iterable[Answer]) -> list[Answer]:
    """What is neither 401 nor 503 and no acceptance: errors of the service, connections that were cut."""
    return [answer for answer in answers if answer.status not in (200, 401, 503)]


def silent_unavailability(answers: Iterable[Answer]) -> list[Answer]:
    """503s that do not say when to try again, in whole seconds from 1 on."""
    unavailable = [answer for answer in answers if answer.status == 503]
    return [answer for answer in unavailable if not (answer.retry_after or "").isdecimal() or answer.retry_after == "0"]


def forgotten_keys(answers: Iterable[Answer], timeline: Timeline) -> list[Answer]:
    """Good tokens that were answered with 503 by a worker that had accepted another by the same key before."""
    known: dict[tuple[str, str], float] = {}
    for answer in accepted(answers):
        pair = answer.worker, answer.kid
        known[pair] = min(answer.ended, known.get(pair, answer.ended))
    return [
        answer
        for answer in unjudged(answers, timeline)
        if known.get((answer.worker, answer.kid), answer.began) < answer.began
    ]


def late_unavailability(answers: Iterable[Answer], timeline: Timeline) -> list[tuple[Answer, float]]:
    """Good tokens that were answered with 503 though the issuer was up, and sent too long after their key could be had.

    Each with the seconds since then. A token counts by the moment it is sent, so that an issuer that is asked once a
    second is asked in time.
    """
    late = []
    for answer in unjudged(answers, timeline):
        if timeline.outage_at(answer.began) is None:
            passed = answer.began - timeline.obtainable(answer.kid, answer.began)
            if passed > GRACE_SECONDS:
                late.append((answer, passed))
    return late


class Streak(NamedTuple):
    """Consecutive 503s of one worker to good tokens by one key.

    Attributes:
        seconds: from the sending of the first token to the answer to the last.
    """

    outage: str
    kid: str
    worker: str
    answers: int
    seconds: float


def longest_streaks(answers: Iterable[Answer], timeline: Timeline) -> dict[str, Streak]:
    """The longest of each kind of outage, and under "up" of the time without one."""
    pairs = sorted(good_tokens(answers, timeline), key=lambda answer: (answer.worker, answer.kid, answer.ended))
    longest: dict[str, Streak] = {}
    for (worker, kid, unavailable), group in groupby(pairs, lambda each: (each.worker, each.kid, each.status == 503)):
        if unavailable:
            run = list(group)
            seconds = run[-1].ended - run[0].began
            streak = Streak(_outage_of(run, timeline.outages), kid, worker, len(run), seconds)
            if streak.outage not in longest or seconds > longest[streak.outage].seconds:
                longest[streak.outage] = streak
    return longest


def _outage_of(run: list[Answer], outages: list[Outage]) -> str:
    overlapping = (outage.kind for outage in outages if run[0].began < outage.ended and outage.began < run[-1].ended)
    return next(overlapping, "up")


def accepted(answers: Iterable[Answer]) -> list[Answer]:
    """Good tokens that were let in."""
    return [answer for answer in answers if answer.kind == GOOD and answer.status == 200]


def unjudged(answers: Iterable[Answer], timeline: Timeline) -> list[Answer]:
    """Good tokens that were answered with 503."""
    return [answer for answer in good_tokens(answers, timeline) if answer.status == 503]


def good_tokens(answers: Iterable[Answer], timeline: Timeline) -> list[Answer]:
    """Answers to good tokens whose keys were published until the answer came."""
    return [answer for answer in answers if answer.kind == GOOD and answer.ended < timeline.withdrawn(answer.kid)]
