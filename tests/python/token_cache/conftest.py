"""The two verifiers under attack, both of the test's own issuer."""

from __future__ import annotations

import pytest
from tests.support.token_cache import fixed_of, found_of

from authjwks import Verifier
from authjwks.testing import Issuer


@pytest.fixture
def fixed(own_issuer: Issuer) -> Verifier:
    """Judges by keys that never change."""
    return fixed_of(own_issuer)


@pytest.fixture
def found(own_issuer: Issuer) -> Verifier:
    """Finds its keys by discovery."""
    return found_of(own_issuer)
