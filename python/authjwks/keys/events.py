"""Events in the life of an issuer's keys: passed to listeners, and to `logging.getLogger("authjwks")`."""

from __future__ import annotations

from collections.abc import Callable, Collection

import authjwks._core as _core
from authjwks._frozen import Frozen
from authjwks._listeners import Listeners
from authjwks.keys.issuers import IssuerLabels
from authjwks.keys.waiter import KeyWaiter


class Event(Frozen):
    """Something that happened to an issuer's keys. It holds no text of a token or of a remote answer.

    Attributes:
        kind: "keys_changed" (the issuer published another set), "refresh_failed", "stale_served" (keys past their ttl
            have begun to serve, as the issuer fails), "recovered" (it answers again) or "throttled" (tokens with
            unknown keys came faster than the issuer may be asked).
        issuer: as configured; where any issuer will do, the URL of the keys or of the metadata. One that a token named
            is named here once it has answered; until then this is the template that it matches, or "" where a function
            decides.
        error: of "refresh_failed": "unreachable", "timed_out", "tls_failed", "bad_status", "too_large", "bad_encoding",
            "not_json", "not_a_key_set", "too_many_keys", "not_discovery", "issuer_mismatch", "url_refused" or
            "stopped".
    """

    __slots__ = ("error", "issuer", "kind")

    kind: str
    issuer: str
    error: str | None

    def __init__(self, kind: str, issuer: str, error: str | None = None) -> None:
        self._set(kind=kind, issuer=issuer, error=error)


EventListener = Callable[[Event], object]
"""Called with each event, in a thread that uses the verifier."""

# As many issuers as the core keeps; those that it dropped while they failed never recover.
_MAX_FAILING = 1024


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

    __slots__ = ("__weakref__", "_failing", "_labels", "_listeners", "_logger", "_waiter")

    def __init__(
        self, listeners: EventListener | Collection[EventListener] | None, waiter: KeyWaiter, labels: IssuerLabels
    ) -> None:
        import logging  # now: in a process forked while a thread first imports a module, that import hangs

        self._logger = logging.getLogger("authjwks")
        self._listeners = Listeners("on_event", listeners)
        self._waiter = waiter
        self._labels = labels
        self._failing: set[str] = set()

    def __call__(self, source: _core.KeySource) -> None:
        """Dispatch the events of `source`, and have it fetch if that is due."""
        if source.has_due_work():
            self._waiter.start(source.run_due_work)
        source.dispatch_events(lambda kind, error: self._dispatch(source, kind, error))

    def _dispatch(self, source: _core.KeySource, kind: str, error: str | None) -> None:
        from logging import DEBUG

        event = Event(kind, self._labels.label(source), error)
        description = kind if error is None else f"{kind} ({error})"
        level = self._level(event) if event.issuer == source.label else DEBUG
        self._logger.log(level, "%s: %s", event.issuer or "an issuer that a token named", description)
        self._listeners.call(event)

    def _level(self, event: Event) -> int:
        """INFO for good news, WARNING for bad; DEBUG for an outage's failures after the first, and for our own end."""
        from logging import DEBUG, INFO, WARNING

        if event.kind in ("keys_changed", "recovered"):
            self._failing.discard(event.issuer)
            return INFO
        if event.error == "stopped" or (event.kind == "refresh_failed" and event.issuer in self._failing):
            return DEBUG
        if event.kind == "refresh_failed":
            if len(self._failing) >= _MAX_FAILING:
                self._failing.clear()
            self._failing.add(event.issuer)
        return WARNING
