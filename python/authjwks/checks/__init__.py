"""What is asked of a caller after every verdict, those from the token cache included."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from authjwks.request import Request


class Check(ABC):
    """Asked after a token was accepted, and before any rule. May refuse by raising any `AuthError`.

    What a check asks must be answered for each request: a token from the cache was accepted at an earlier time, and
    perhaps on another connection.
    """

    @abstractmethod
    def check(self, claims: dict[str, Any], request: Request) -> None:
        """Return when the claims may be relied on for this request. May block.

        Raises:
            TokenError: when they may not; 401.
            KeysUnavailable: when that cannot be found out; 503.
        """

    async def check_async(self, claims: dict[str, Any], request: Request) -> None:
        """As `check`, without blocking the event loop; a check that does I/O overrides this."""
        self.check(claims, request)
