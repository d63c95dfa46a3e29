"""The one path from a request's headers to its caller, which every framework takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from authjwks.challenge import Answer, answer_to, checked_realm
from authjwks.errors import AuthError, ConfigError
from authjwks.extract import Headers, Source, bearer
from authjwks.functions import plain_function
from authjwks.principal import ClaimPaths, Principal
from authjwks.rules import Rule
from authjwks.verifier import Verifier


class Guard:
    """Admits callers whose token `verifier` accepts and who have the rights asked for. Safe from many threads.

    Args:
        verifier: judges the tokens.
        source: takes the token out of a request.
        claims: which claims hold the caller's rights.
        realm: named in challenges (RFC 9110 §11.5); None for no realm.

    Raises:
        ConfigError: when `verifier` cannot verify, `source` cannot be called or would have to be awaited, `claims` is
            no ClaimPaths, or `realm` cannot stand in a header.
    """

    __slots__ = ("_claims", "_realm", "_source", "_verifier")

    def __init__(
        self,
        verifier: Verifier,
        *,
        source: Source = bearer(),
        claims: ClaimPaths = ClaimPaths(),
        realm: str | None = None,
    ) -> None:
        if not hasattr(verifier, "verify") or not hasattr(verifier, "verify_async"):
            raise ConfigError("verifier must be an authjwks.Verifier")
        if not isinstance(claims, ClaimPaths):
            raise ConfigError("claims must be an authjwks.ClaimPaths")
        self._verifier = verifier
        self._source = plain_function("source", source)
        self._claims = claims
        self._realm = checked_realm(realm)

    def admit(self, headers: Headers, rules: Sequence[Rule] = ()) -> Principal:
        """The caller of the request with these headers; waits for keys when there are none yet.

        Raises:
            TokenError: when there is no token, or it is refused.
            Forbidden: when a rule is not met.
            KeysUnavailable: when the token cannot be judged.
        """
        return self._judge(self._verifier.verify(self._source(headers)), rules)

    async def admit_async(self, headers: Headers, rules: Sequence[Rule] = ()) -> Principal:
        """As `admit`, without ever blocking the event loop."""
        return self._judge(await self._verifier.verify_async(self._source(headers)), rules)

    def answer_to(self, error: AuthError) -> Answer:
        """The HTTP response for what `admit` raised."""
        return answer_to(error, self._realm)

    def _judge(self, claims: dict[str, Any], rules: Sequence[Rule]) -> Principal:
        principal = Principal(claims, self._claims)
        for rule in rules:
            rule.check(principal)
        return principal
