"""Whom a verifier trusts: `ANY`, or whomever a function of the user's decides on when a token claims them."""

from __future__ import annotations

from authjwks import _core
from authjwks.errors import InvalidToken, KeysUnavailable, refusal
from authjwks.functions import plain_function
from authjwks.hints import Callable


class Waived:
    """The type of `ANY`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ANY"


ANY = Waived()
"""Says of an issuer, an audience or a token type that any will do."""

Trust = Callable[[str], bool | str | None]
"""Decides on an issuer that a token claims: its keys are found by discovery (True), are at a URL (a str), or it is not
trusted (anything else). Any printable text may be asked for, as often as tokens come; an issuer that was trusted is not
asked for again soon."""


class Admission:
    """Asks the user's function about issuers that `directory` does not have yet."""

    __slots__ = ("_decide", "_directory", "_options")

    def __init__(self, decide: Trust, directory: _core.IssuerDirectory, options: _core.RemoteOptions) -> None:
        self._decide = plain_function("issuer", decide)
        self._directory = directory
        self._options = options

    def helps(self, token: str, refused: InvalidToken) -> bool:
        """Whether `token`, refused for its issuer, is worth judging again, since that issuer is trusted after all.

        Raises:
            KeysUnavailable: when the function raised, or too many issuers have not answered yet.
        """
        if refused.code != "wrong_issuer":
            return False
        issuer = self._directory.claimed_issuer(token)
        if not issuer.isprintable():  # once trusted it would be named in events and logs
            return False
        try:
            decision = self._decide(issuer)
        except Exception as error:
            raise refusal(KeysUnavailable, "infrastructure", "keys_unavailable") from error
        if decision is not True and not (isinstance(decision, str) and decision and decision.isprintable()):
            return False
        jwks_uri = decision if isinstance(decision, str) else None
        try:
            source = _core.KeySource.remote(issuer, None, jwks_uri, self._options)
        except ValueError:
            return False
        self._directory.admit(issuer, source)
        return True
