"""What happens to an issuer's keys, told to whoever asked and to `logging.getLogger("authjwks")`."""

from __future__ import annotations

from authjwks import _core
from authjwks.functions import plain_function
from authjwks.hints import Callable, Collection
from authjwks.records import NamedTuple
from authjwks.waiting import WaitingRoom


class Event(NamedTuple):
    """Something that happened to an issuer's keys. It holds no text of a token or of a remote answer.

    Attributes:
        kind: "keys_changed" (the issuer published another set), "refresh_failed", "stale_served" (keys past their ttl
            have begun to serve, as the issuer fails), "recovered" (it answers again) or "throttled" (tokens with
            unknown keys came faster than the issuer may be asked).
        issuer: as configured; where any issuer will do, the URL of the keys or of the metadata. One that a token named
            is named here once it has answered; until then this is the template that it fits, or "" where a function
            decides.
        error: of "refresh_failed": "unreachable", "timed_out", "tls_failed", "bad_status", "too_large", "bad_encoding",
            "not_json", "not_a_key_set", "too_many_keys", "not_discovery", "issuer_mismatch", "url_refused" or
            "stopped".
    """

    kind: str
    issuer: str
    error: str | None


EventHandler = Callable[[Event], object]

# As many issuers as the core keeps; those that it forgot while they failed never recover.
_MOST_FAILING = 1024


class Herald:
    """Tells what the core saw on threads that never call into Python, as soon as a caller comes by.

    It also has keys fetched ahead of their expiry where Python does the fetching.

    Args:
        handler: told every event.
        room: where fetching is done.
        named: the issuers that are configured by name; None for all. Others are named by unproven tokens until they
            answer, and so are neither told of by that name nor in the log above DEBUG.
        strangers: what those are called until then.

    Raises:
        ConfigError: when `handler` cannot be called, or would have to be awaited.
    """

    __slots__ = ("__weakref__", "_failing", "_handler", "_logger", "_named", "_room", "_strangers")

    def __init__(
        self, handler: EventHandler | None, room: WaitingRoom, named: Collection[str] | None, strangers: str
    ) -> None:
        import logging  # now, as a process forked while one of its threads first imports a module hangs when it does so

        self._logger = logging.getLogger("authjwks")
        self._handler = None if handler is None else plain_function("on_event", handler)
        self._room = room
        self._named = None if named is None else frozenset(named)
        self._strangers = strangers
        self._failing: set[str] = set()

    def __call__(self, source: _core.KeySource) -> None:
        """Tell the events of `source`, and have it fetch if that is due."""
        if source.is_due():
            self._room.start(source.tick)
        source.tell_events(lambda kind, error: self._tell(source, kind, error))

    def _tell(self, source: _core.KeySource, kind: str, error: str | None) -> None:
        from logging import DEBUG

        is_stranger = self._is_stranger(source)
        event = Event(kind, self._strangers if is_stranger else source.label, error)
        what = kind if error is None else f"{kind} ({error})"
        level = DEBUG if is_stranger else self._level(event)
        self._logger.log(level, "%s: %s", event.issuer or "an issuer that a token named", what)
        if self._handler is not None:
            self._handler(event)

    def _is_stranger(self, source: _core.KeySource) -> bool:
        return self._named is not None and source.label not in self._named and source.report()["age"] is None

    def _level(self, event: Event) -> int:
        """INFO for good news, WARNING for bad; DEBUG for an outage's failures after the first, and for our own end."""
        from logging import DEBUG, INFO, WARNING

        if event.kind in ("keys_changed", "recovered"):
            self._failing.discard(event.issuer)
            return INFO
        if event.error == "stopped" or (event.kind == "refresh_failed" and event.issuer in self._failing):
            return DEBUG
        if event.kind == "refresh_failed":
            if len(self._failing) >= _MOST_FAILING:
                self._failing.clear()
            self._failing.add(event.issuer)
        return WARNING
