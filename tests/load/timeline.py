"""What truly happened to the issuer, and when; all times by the clock of `time.monotonic()`."""

from __future__ import annotations

import math
from typing import NamedTuple

from tests.servers.rotating_issuer import PUBLISHED


class Outage(NamedTuple):
    """The issuer was down; `ended` is infinite while it is."""

    kind: str
    began: float
    ended: float


class Timeline:
    """Grows as the issuer tells of its doings.

    Attributes:
        published: when each key was, in this order.
        outages: in order.
    """

    def __init__(self) -> None:
        self.published: dict[str, float] = {}
        self.outages: list[Outage] = []

    def publish(self, kid: str, at: float) -> None:
        """From now on this key is in the key set, and the oldest is not."""
        self.published[kid] = at

    def go_down(self, kind: str, at: float) -> None:
        """An outage begins."""
        self.outages.append(Outage(kind, at, math.inf))

    def come_back(self, at: float) -> None:
        """The outage is over."""
        self.outages[-1] = self.outages[-1]._replace(ended=at)

    def withdrawn(self, kid: str) -> float:
        """When a key was taken out of the key set; infinity when it is still there."""
        published = list(self.published)
        taken_over_by = published.index(kid) + PUBLISHED
        return self.published[published[taken_over_by]] if taken_over_by < len(published) else math.inf

    def outage_at(self, moment: float) -> Outage | None:
        """The outage at that moment, if there is one."""
        return next((outage for outage in self.outages if outage.began <= moment < outage.ended), None)

    def obtainable(self, kid: str, moment: float) -> float:
        """Since when a key could be fetched, as seen at a moment when the issuer is up."""
        return max([self.published[kid], *(outage.ended for outage in self.outages if outage.ended <= moment)])
