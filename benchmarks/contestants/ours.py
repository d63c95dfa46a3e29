"""authjwks: without its token cache, and with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from authjwks import HttpOptions, Verifier
from benchmarks.cases import Case
from benchmarks.contestants import Contestant, Verify


class Uncached(Contestant):
    def verifier(self, case: Case) -> Verify:
        return _verifier(case, token_cache=None).verify

    def parser(self, case: Case) -> Callable[[], object]:
        return lambda: _verifier(case)


class Cached(Contestant):
    def verifier(self, case: Case) -> Verify:
        return _verifier(case).verify


def _verifier(case: Case, **options: Any) -> Verifier:
    keys: dict[str, Any] = {"jwks": case.jwks}
    if case.must_fetch:
        keys = {"jwks_uri": case.url, "http": HttpOptions(allow_http=True)}
    return Verifier(case.issuer, case.audience, max_token_bytes=case.max_token_bytes, **keys, **options)
