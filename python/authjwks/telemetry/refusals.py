"""Refusals, written to `logging.getLogger("authjwks")` for those who run the service."""

from __future__ import annotations

import authjwks._core as _core
from authjwks.errors import ConfigError
from authjwks.keys.issuers import IssuerLabels
from authjwks.telemetry.clock_suspicion import ClockSuspicion

_KEY_BY_CODE = {"keys_unavailable": "", "unknown_key": "key unknown", "unusable_key": "key unusable"}


class RefusalLog:
    """Writes one line for each refusal, and suspects the clock where that is the likely reason.

    Args:
        level: of the lines; None for none.
        labels: what issuers are called.

    Raises:
        ConfigError: when `level` is neither an int nor None.
    """

    __slots__ = ("_clock", "_labels", "_level", "_logger")

    def __init__(self, level: int | None, labels: IssuerLabels) -> None:
        import logging  # now: in a process forked while a thread first imports a module, that import hangs

        if level is not None and (not isinstance(level, int) or isinstance(level, bool)):
            raise ConfigError("log_refusals must be a level of logging, such as logging.INFO, or None")
        self._logger = logging.getLogger("authjwks")
        self._level = level
        self._labels = labels
        self._clock = ClockSuspicion(self._logger)

    def refused(self, source: _core.KeySource | None, code: str, claim: str | None) -> None:
        """Write down one refusal."""
        if code == "not_yet_valid" and source is not None:
            self._clock.not_yet_valid(self._labels.label(source))
        if self._level is None or not self._logger.isEnabledFor(self._level):
            return
        reason = code if claim is None else f"{code} (claim {claim})"
        words = (reason, self._labels.label(source), "" if source is None else _key_is_known(code))
        self._logger.log(self._level, "a token was refused: %s", ", ".join(filter(None, words)))


def _key_is_known(code: str) -> str:
    """Whether the issuer has the key that the token names; "" where keys were not at hand to tell."""
    return _KEY_BY_CODE.get(code, "key known")
