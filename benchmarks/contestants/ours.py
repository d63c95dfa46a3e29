"""authjwks: without its token cache, and with it; as the calling Python has it, and as built with AWS-LC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from authjwks import HttpOptions, Verifier, versions
from benchmarks.cases import Case
from benchmarks.contestants import Cannot, Contestant, Verify


class Uncached(Contestant):
    def verifier(self, case: Case) -> Verify:
        return _verifier(case, token_cache=None).verify

    def parser(self, case: Case) -> Callable[[], object]:
        return lambda: _verifier(case)


class OnAwsLc(Uncached):
    def verifier(self, case: Case) -> Verify:
        if not versions()["crypto"].startswith("AWS-LC"):
            raise Cannot("no build with AWS-LC was given by --aws-lc")
        return super().verifier(case)


class Cached(Contestant):
    def verifier(self, case: Case) -> Verify:
        return _verifier(case).verify


def _verifier(case: Case, **options: Any) -> Verifier:
    keys: dict[str, Any] = {"jwks": case.jwks}
    if case.must_fetch:
        keys = {"jwks_uri": case.url, "http": HttpOptions(allow_http=True)}
    return Verifier(case.issuer, case.audience, max_token_bytes=case.max_token_bytes, **keys, **options)
