"""Verifiers for a test issuer, and what they tell of its keys."""

from __future__ import annotations

from typing import Any

from authjwks import HttpOptions, Verifier
from authjwks.keys.health import IssuerHealth

HTTP = HttpOptions(allow_http=True)
OPENID = "/.well-known/openid-configuration"
"""Where discovery looks first."""


def verifier_of(issuer: Any, /, **options: Any) -> Verifier:
    """One that finds the keys of a test issuer by discovery, over plain HTTP, unless `options` say otherwise.

    `issuer` is an `Issuer`, or whatever else has an `issuer` and, unless it is an option, an `audience`.
    """
    if "audience" not in options:
        options["audience"] = issuer.audience
    return Verifier(**{"issuer": issuer.issuer, "http": HTTP, **options})


def health_of(verifier: Verifier) -> IssuerHealth:
    """The health of a verifier's only issuer."""
    (issuer,) = verifier.health().issuers
    return issuer


def failure_code_of(verifier: Verifier) -> str | None:
    """Why the latest fetch of a verifier's only issuer failed; None when it did not."""
    failure = health_of(verifier).last_error
    return None if failure is None else failure.code
