"""The responses of the test issuer's server: the usual ones, overrides, and how many requests there were."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NamedTuple

EVERY_PATH: Final = "*"


class Response(NamedTuple):
    """The response to a GET; `delay` is the pause before it, in seconds."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    delay: float = 0.0


class Responses:
    """Responses by path. Thread-safe.

    Args:
        usual: gives the response for a path without an override.
    """

    def __init__(self, usual: Callable[[str], Response]) -> None:
        self._usual = usual
        self._lock = threading.Lock()
        self._fetches: Counter[str] = Counter()
        self._overrides: dict[str, Callable[[str], Response]] = {}

    def respond(self, path: str) -> Response:
        """The response to one request for `path`, which is counted."""
        with self._lock:
            self._fetches[path] += 1
            override = self._overrides.get(EVERY_PATH) or self._overrides.get(path)
        return (override or self._usual)(path)

    def fetches(self) -> Counter[str]:
        """Requests so far by path; a copy."""
        with self._lock:
            return self._fetches.copy()

    @contextmanager
    def override(
        self, path: str, status: int, body: bytes | None, headers: Mapping[str, str], delay: float
    ) -> Iterator[None]:
        """Response `path` this way inside the `with` block; a `body` of None keeps the usual one."""

        def changed(path: str) -> Response:
            usual = self._usual(path) if body is None else Response(status, body, {"Content-Type": "application/json"})
            return Response(status, usual.body, {**usual.headers, **headers}, delay)

        with self._lock:
            before = self._overrides.get(path)
            self._overrides[path] = changed
        try:
            yield
        finally:
            with self._lock:
                del self._overrides[path]
                if before is not None:
                    self._overrides[path] = before
