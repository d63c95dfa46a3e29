"""Events in the life of an issuer's keys: passed to listeners, and to `logging.getLogger("authjwks")`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from time import monotonic

import authjwks._core as _core
from authjwks._frozen import Frozen
from authjwks._listeners import Listeners
from authjwks.fetch_failure import FetchFailure, failure_of
from authjwks.keys.issuers import IssuerLabels
from authjwks.keys.waiter import KeyWaiter


class Event(Frozen):
    """Something that happened to an issuer's keys. It holds no text of a token.

    Attributes:
        kind: one of the words of `EVENT_KINDS`.
        issuer: as configured; where any issuer will do, the URL of the keys or of the metadata. One that a token named
            is named here once it has answered; until then this is the template that it matches, or "" where a function
            decides.
        error: why, of "refresh_failed"; None of all others.
    """

    __slots__ = ("error", "issuer", "kind")

    kind: str
    issuer: str
    error: FetchFailure | None

    def __init__(self, kind: str, issuer: str, error: FetchFailure | None = None) -> None:
        self._set(kind=kind, issuer=issuer, error=error)


EVENT_KINDS = {
    "keys_changed": "the issuer has published another key set",
    "key_replaced": "the issuer has put another key under an id it had published; "
    "tokens signed by the former are refused",
    "replicas_differ": "the issuer's answers alternate between two key sets, so the keys of both serve; "
    "have all its servers publish the same set",
    "refresh_failed": "the keys could not be fetched",
    "stale_served": "keys past their ttl have begun to serve, as the issuer fails",
    "recovered": "the issuer answers again",
    "throttled": "tokens name unknown keys faster than the issuer may be asked, and get 503; "
    "somebody may be making up key ids",
    "rechecked": "a signature failed under a known key, so the issuer is asked whether it has replaced that key",
}
"""What each kind of event says."""

EventListener = Callable[[Event], object]
"""Called with each event, in a thread that uses the verifier."""

# As many issuers as the core keeps; those that it dropped while they failed never recover.
_MAX_FAILING = 1024
# Different reasons, of one outage.
_MAX_REASONS = 64
# Seconds between two warnings of one issuer's "throttled".
_THROTTLED_INTERVAL = 60.0


class EventDispatcher:
    """Passes on what the core saw on threads that never call into Python, when a caller uses the verifier next.

    It also has keys fetched ahead of their expiry where a Python function does the fetching.

    Args:
        listeners: one, several or None.
        waiter: runs fetches.
        labels: what issuers are called.

    Raises:
        ConfigError: when a listener cannot be called, or would have to be awaited.
    """

    __slots__ = ("__weakref__", "_labels", "_listeners", "_logger", "_reasons", "_throttled_at", "_waiter")

    def __init__(
        self, listeners: EventListener | Collection[EventListener] | None, waiter: KeyWaiter, labels: IssuerLabels
    ) -> None:
        import logging  # now: in a process forked while a thread first imports a module, that import hangs

        self._logger = logging.getLogger("authjwks")
        self._listeners = Listeners("on_event", listeners)
        self._waiter = waiter
        self._labels = labels
        self._reasons: dict[str, set[FetchFailure]] = {}  # by issuer, of its present outage: those that were logged
        self._throttled_at: dict[str, float] = {}  # by issuer: when that was logged last

    def __call__(self, source: _core.KeySource) -> None:
        """Dispatch the events of `source`, and have it fetch if that is due."""
        if source.has_due_work():
            self._waiter.start(source.run_due_work)
        source.dispatch_events(lambda kind, words: self._dispatch(source, kind, failure_of(words)))

    def _dispatch(self, source: _core.KeySource, kind: str, failure: FetchFailure | None) -> None:
        from logging import DEBUG

        issuer = self._labels.label(source)
        is_proven = issuer == source.label
        if failure is not None and not is_proven:
            failure = failure.without_names()
        event = Event(kind, issuer, failure)
        level = self._level(event) if is_proven else DEBUG
        self._logger.log(
            level, "%s: %s: %s", issuer or "an issuer that a token named", kind, failure or EVENT_KINDS[kind]
        )
        self._listeners.call(event)

    def _level(self, event: Event) -> int:
        """INFO for good news, WARNING for bad; DEBUG for what was said before in this outage, and for our own end."""
        from logging import DEBUG, INFO, WARNING

        if event.error is not None:
            return WARNING if event.error.code != "stopped" and self._is_new(event.issuer, event.error) else DEBUG
        if event.kind == "throttled":
            return WARNING if self._may_warn_of_throttling(event.issuer) else DEBUG
        if event.kind in ("keys_changed", "recovered"):
            self._reasons.pop(event.issuer, None)
        return INFO if event.kind in ("keys_changed", "recovered", "rechecked") else WARNING

    def _is_new(self, issuer: str, failure: FetchFailure) -> bool:
        if issuer not in self._reasons and len(self._reasons) >= _MAX_FAILING:
            self._reasons.clear()
        reasons = self._reasons.setdefault(issuer, set())
        if failure in reasons or len(reasons) >= _MAX_REASONS:
            return False
        reasons.add(failure)
        return True

    def _may_warn_of_throttling(self, issuer: str) -> bool:
        now = monotonic()
        if issuer in self._throttled_at and now < self._throttled_at[issuer] + _THROTTLED_INTERVAL:
            return False
        if len(self._throttled_at) >= _MAX_FAILING:
            self._throttled_at.clear()
        self._throttled_at[issuer] = now
        return True
