"""Who takes part: one file per library, imported only in the process that runs it."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.cases import Case
from benchmarks.environment import ON_AWS_LC

Verify = Callable[[str], Any] | Callable[[str], Awaitable[Any]]
"""Judges a token: returns something, or raises an Exception when it refuses."""


class Cannot(Exception):
    """A contestant cannot take part in a case; the text is the reason, for the report."""


class Contestant(ABC):
    """A library, used as its own documentation shows it, with signature, exp, nbf, iss and aud checked."""

    algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA")

    @abstractmethod
    def verifier(self, case: Case) -> Verify:
        """A new verifier with nothing cached. Raises Cannot."""

    def parser(self, case: Case) -> Callable[[], object]:
        """Reads the case's key set anew at each call. Raises Cannot."""
        raise Cannot("has no step of its own that reads a key set")


# The import statement of each library is what its users write.
ROSTER = {
    "authjwks": ("ours:Uncached", "authjwks"),
    ON_AWS_LC: ("ours:OnAwsLc", "authjwks"),
    "authjwks, token cache": ("ours:Cached", "authjwks"),
    "ryjwt": ("ryjwt:Ryjwt", "ryjwt"),
    "PyJWT": ("pyjwt:PyJwt", "jwt"),
    "PyJWKClient": ("pyjwt:PyJwkClient", "jwt"),
    "joserfc": ("joserfc:Joserfc", "joserfc.jwt, joserfc.jwk"),
    "Authlib": ("authlib:Authlib", "authlib.jose"),
    "python-jose": ("python_jose:PythonJose", "jose.jwt"),
    "auth-jwks": ("auth_jwks:AuthJwks", "auth_jwks"),
    "axioms": ("axioms:Axioms", "axioms_flask"),
}


def contestant(name: str) -> Contestant:
    """The contestant of that name in `ROSTER`; its library is imported now."""
    module, _, kind = ROSTER[name][0].partition(":")
    made: Contestant = getattr(importlib.import_module(f"benchmarks.contestants.{module}"), kind)()
    return made
