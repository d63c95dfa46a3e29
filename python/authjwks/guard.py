"""The one path from a request to its caller, which every framework takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, overload

from authjwks.authenticators import Authenticator, ClaimPathsByIssuer, TokenAuthenticator, TokenVerifier
from authjwks.challenge import ErrorResponse, checked_realm, error_response
from authjwks.checks import Check
from authjwks.errors import AuthError, ConfigError, MissingToken, error_for
from authjwks.extractors import TokenExtractor, bearer
from authjwks.principal import ClaimPaths, Principal
from authjwks.request import Request
from authjwks.rules import Rule


class Guard:
    """Admits callers whose credentials are accepted and who have the rights required. Immutable and thread-safe.

    Args:
        verifier: judges the tokens.
        extractor: takes the token out of a request.
        claim_paths: which claims hold the caller's rights; where issuers differ, a mapping of each to its own.
        realm: named in challenges (RFC 9110 §11.5); None for no realm.
        checks: asked in this order after every verdict, those from the token cache included.
        authenticators: asked in this order about requests that carry no token.

    Raises:
        ConfigError: when `verifier` cannot verify, `extractor` cannot be called or would have to be awaited, `realm`
            cannot stand in a header, or another option is of the wrong type.
    """

    __slots__ = ("_authenticators", "_checks", "_realm", "_schemes")

    def __init__(
        self,
        verifier: TokenVerifier,
        *,
        extractor: TokenExtractor = bearer(),
        claim_paths: ClaimPaths | ClaimPathsByIssuer = ClaimPaths(),
        realm: str | None = None,
        checks: Sequence[Check] = (),
        authenticators: Sequence[Authenticator] = (),
    ) -> None:
        if not all(isinstance(check, Check) for check in checks):
            raise ConfigError("checks must be a list of authjwks.checks.Check")
        if not all(isinstance(authenticator, Authenticator) for authenticator in authenticators):
            raise ConfigError("authenticators must be a list of objects that authenticate requests")
        by_token = TokenAuthenticator(verifier, extractor, claim_paths)
        self._authenticators: tuple[Authenticator, ...] = (by_token, *authenticators)
        self._schemes = tuple(authenticator.scheme for authenticator in self._authenticators)
        self._checks = tuple(checks)
        self._realm = checked_realm(realm)

    @staticmethod
    def of(given: Guard | TokenVerifier) -> Guard:
        """`given`, or for a verifier a guard with the default options.

        Raises:
            ConfigError: when it is neither.
        """
        return given if isinstance(given, Guard) else Guard(given)

    @overload
    def admit(self, request: Request, rules: Sequence[Rule] = (), *, optional: Literal[False] = False) -> Principal: ...
    @overload
    def admit(self, request: Request, rules: Sequence[Rule] = (), *, optional: bool) -> Principal | None: ...
    def admit(self, request: Request, rules: Sequence[Rule] = (), *, optional: bool = False) -> Principal | None:
        """The caller of this request; waits for keys when there are none yet.

        Args:
            request: read as far as needed.
            rules: all of which the caller must fulfil.
            optional: whether to return None for a request without credentials.

        Raises:
            TokenError: when there are no credentials, or they are refused.
            Forbidden: when a rule is not fulfilled.
            KeysUnavailable: when the credentials cannot be judged.
        """
        for authenticator in self._authenticators:
            try:
                principal = authenticator.authenticate(request)
                if principal is None:
                    continue
                for check in self._checks:
                    check.check(principal.claims, request)
                for rule in rules:
                    rule.check(principal, request)
            except AuthError as error:
                error.scheme = authenticator.scheme
                raise
            return principal
        if optional:
            return None
        raise error_for(MissingToken, "request", "missing_token")

    @overload
    async def admit_async(
        self, request: Request, rules: Sequence[Rule] = (), *, optional: Literal[False] = False
    ) -> Principal: ...
    @overload
    async def admit_async(
        self, request: Request, rules: Sequence[Rule] = (), *, optional: bool
    ) -> Principal | None: ...
    async def admit_async(
        self, request: Request, rules: Sequence[Rule] = (), *, optional: bool = False
    ) -> Principal | None:
        """As `admit`, without ever blocking the event loop."""
        for authenticator in self._authenticators:
            try:
                principal = await authenticator.authenticate_async(request)
                if principal is None:
                    continue
                for check in self._checks:
                    await check.check_async(principal.claims, request)
                for rule in rules:
                    rule.check(principal, request)
            except AuthError as error:
                error.scheme = authenticator.scheme
                raise
            return principal
        if optional:
            return None
        raise error_for(MissingToken, "request", "missing_token")

    def error_response(self, error: AuthError) -> ErrorResponse:
        """The HTTP response for an error that `admit`, or a view behind it, has raised."""
        return error_response(error, self._schemes, self._realm)
