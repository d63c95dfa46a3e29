"""Suspects this machine's clock aloud when tokens of one issuer keep coming before their time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic

TYPE_CHECKING = False  # as `typing` has it, whose import would take longer than ours
if TYPE_CHECKING:
    from logging import Logger

_ENOUGH = 10
_WINDOW = 60.0  # seconds
_SILENCE = 3600.0  # seconds
_MAX_ISSUERS = 1024

_SENTENCE = (
    "%d tokens of %s were not valid yet within a minute: the clock of this machine may be behind the issuer's. Check "
    "it with `timedatectl` or `chronyc tracking`, and have NTP set it; the option leeway tolerates 300 s at most."
)


class ClockSuspicion:
    """Warns once an hour and issuer at most. Remembers 1,024 issuers at most; with one more it begins anew.

    Args:
        logger: gets the warning.
        now: a clock that never goes back, in seconds.
    """

    __slots__ = ("_logger", "_now", "_seen", "_silent_until")

    def __init__(self, logger: Logger, now: Callable[[], float] = monotonic) -> None:
        self._logger = logger
        self._now = now
        self._seen: dict[str, deque[float]] = {}
        self._silent_until: dict[str, float] = {}

    def not_yet_valid(self, issuer: str) -> None:
        """Count a token of `issuer`, signed by its keys, that is not valid yet."""
        now = self._now()
        if now < self._silent_until.get(issuer, now):
            return
        if issuer not in self._seen and len(self._seen) >= _MAX_ISSUERS:
            self._seen.clear()
        times = self._seen.setdefault(issuer, deque(maxlen=_ENOUGH))
        times.append(now)
        # Of several threads that get here at once, the one that takes the times away warns.
        if len(times) == _ENOUGH and now - times[0] <= _WINDOW and self._seen.pop(issuer, None) is times:
            self._warn(issuer, now)

    def _warn(self, issuer: str, now: float) -> None:
        if len(self._silent_until) >= _MAX_ISSUERS:
            self._silent_until.clear()
        self._silent_until[issuer] = now + _SILENCE
        self._logger.warning(_SENTENCE, _ENOUGH, issuer)
