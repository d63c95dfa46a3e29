"""Interleaved rounds: contestants are timed within the same second, so that a machine whose speed drifts does
not decide."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks.players import Player

RAW = "raw OpenSSL"
UNBOUNDED = 10**9
SLICES = 5


class Series(NamedTuple):
    """What one contestant needed, round by round.

    Attributes:
        microseconds: CPU time of a call.
        ratios: the same over that of bare signature checks in between.
    """

    microseconds: tuple[float, ...]
    ratios: tuple[float, ...]

    @property
    def least(self) -> float:
        return min(self.microseconds)

    @property
    def median(self) -> float:
        return statistics.median(self.microseconds)

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)


def contest(
    raw: Player, players: Sequence[Player], rounds: int, seconds: float, most: int = UNBOUNDED
) -> dict[str, Series]:
    """Time everyone `rounds` times, in turn, each slice of work right after one of the bare signature check.

    Args:
        raw: does the bare signature check.
        players: all prepared.
        rounds: how often.
        seconds: about how long everyone works in a round, by which the number of calls in a slice is chosen once.
        most: the highest number of calls in a slice.
    """
    for each in [raw, *players]:
        each.pin(max(os.sched_getaffinity(0)))  # two processors need not run at the same speed
    calls = {each.name: calls_in(each.time, seconds / SLICES, most) for each in players}
    calls[raw.name] = calls_in(raw.time, seconds / SLICES, UNBOUNDED)
    took: dict[str, list[float]] = {each.name: [] for each in [raw, *players]}
    ratios: dict[str, list[float]] = {each.name: [] for each in players}
    for number in range(rounds):
        measures = []
        shift = number % max(1, len(players))
        for player in [*players[shift:], *players[:shift]]:
            slices = [(_slice(raw, calls), _slice(player, calls)) for _ in range(SLICES)]
            measure, own = map(statistics.fmean, zip(*slices, strict=True))
            took[player.name].append(own)
            ratios[player.name].append(own / measure)
            measures.append(measure)
        took[raw.name].append(statistics.fmean(measures or [_slice(raw, calls)]))
    ratios[raw.name] = [1.0]
    return {name: Series(tuple(took[name]), tuple(ratios[name])) for name in took}


def _slice(player: Player, calls: dict[str, int]) -> float:
    """CPU time of a call, in µs, over as many as were chosen."""
    return player.time(calls[player.name])[0] / calls[player.name] / 1_000


def calls_in(time: Callable[[int], tuple[int, int]], seconds: float, most: int) -> int:
    """How many calls take about so many seconds of CPU, from 1 to `most`; finding out warms up as well."""
    calls = 1
    while True:
        took = time(calls)[0] / 1e9
        if calls >= most or took >= seconds / 2:
            return max(1, min(most, round(calls * seconds / max(took, 1e-9))))
        calls = min(most, calls * 4)
