"""How a request proves who its caller is: one authenticator for each kind of credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from authjwks._option_checks import sync_function
from authjwks.errors import ConfigError
from authjwks.extractors import TokenExtractor
from authjwks.options import ANY, Waived
from authjwks.principal import ClaimPaths, Principal
from authjwks.request import Request

ClaimPathsByIssuer = Mapping[str | Waived, ClaimPaths]
"""For tokens of each issuer, by its exact name; `ANY` stands for all others, which have no rights without it."""


@runtime_checkable
class TokenVerifier(Protocol):
    """Judges tokens, as `authjwks.Verifier` does."""

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a token that is accepted.

        Raises:
            TokenError: when it is refused.
            KeysUnavailable: when it cannot be judged.
        """

    async def verify_async(self, token: str) -> dict[str, Any]:
        """As `verify`, without blocking the event loop."""


@runtime_checkable
class Authenticator(Protocol):
    """Authenticates requests that carry one kind of credentials."""

    @property
    def scheme(self) -> str:
        """The authentication scheme that challenges name (RFC 9110 §11.1), such as "Bearer"."""

    def authenticate(self, request: Request) -> Principal | None:
        """The caller; None when the request carries no credentials of this kind.

        Raises:
            TokenError: when it carries some, and they are refused.
            KeysUnavailable: when they cannot be judged.
        """

    async def authenticate_async(self, request: Request) -> Principal | None:
        """As `authenticate`, without blocking the event loop."""


class TokenAuthenticator:
    """Authenticates by a token that a verifier accepts.

    Args:
        verifier: judges the tokens.
        extractor: takes the token out of a request.
        claim_paths: which claims hold the caller's rights, of all issuers or by issuer.

    Raises:
        ConfigError: when `verifier` is no TokenVerifier, `extractor` cannot be called or would have to be awaited, or
            `claim_paths` is neither a ClaimPaths nor a mapping of issuers to these.
    """

    __slots__ = ("_claim_paths", "_claim_paths_by_issuer", "_extractor", "_verifier")

    scheme = "Bearer"

    def __init__(
        self, verifier: TokenVerifier, extractor: TokenExtractor, claim_paths: ClaimPaths | ClaimPathsByIssuer
    ) -> None:
        if not isinstance(verifier, TokenVerifier):
            raise ConfigError("verifier must be an authjwks.Verifier")
        self._verifier = verifier
        self._extractor = sync_function("extractor", extractor)
        self._claim_paths, self._claim_paths_by_issuer = _checked_paths(claim_paths)

    def authenticate(self, request: Request) -> Principal | None:
        token = self._extractor(request)
        return None if token is None else self._principal(self._verifier.verify(token))

    async def authenticate_async(self, request: Request) -> Principal | None:
        token = self._extractor(request)
        return None if token is None else self._principal(await self._verifier.verify_async(token))

    def _principal(self, claims: dict[str, Any]) -> Principal:
        if self._claim_paths_by_issuer is None:
            return Principal(claims, self._claim_paths)
        issuer = claims.get("iss")
        known = self._claim_paths_by_issuer.get(issuer) if isinstance(issuer, str) else None
        return Principal(claims, known or self._claim_paths)


def _checked_paths(
    given: ClaimPaths | ClaimPathsByIssuer,
) -> tuple[ClaimPaths | None, ClaimPathsByIssuer | None]:
    if isinstance(given, ClaimPaths):
        return given, None
    if not isinstance(given, Mapping) or not all(
        (isinstance(issuer, str) or issuer is ANY) and isinstance(paths, ClaimPaths) for issuer, paths in given.items()
    ):
        raise ConfigError("claim_paths must be an authjwks.ClaimPaths, or a mapping of issuers to these")
    return given.get(ANY), dict(given)
