"""A test issuer, verifiers that trust it, and requests with and without rights."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.refusals import HOSTILE_HEADERS, REFUSALS, Refusal, refusal_named, with_rights
from tests.support.verifiers import verifier_of

from authjwks import KeyOptions, Verifier
from authjwks.testing import Issuer


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """One for all tests that leave its keys as they are and count none of its requests."""
    with Issuer() as running:
        yield running


@pytest.fixture
def own_issuer() -> Iterator[Issuer]:
    """One for this test alone, which may do to it what it likes."""
    with Issuer() as running:
        yield running


@pytest.fixture(scope="session")
def verifier(issuer: Issuer) -> Verifier:
    """Asks again for every key that it does not know."""
    return verifier_of(issuer, keys=KeyOptions(cooldown=0.0))


@pytest.fixture
def cold_verifier(issuer: Issuer) -> Verifier:
    """As `verifier`, but has asked the issuer for nothing yet."""
    return verifier_of(issuer, keys=KeyOptions(cooldown=0.0))


@pytest.fixture
def good(issuer: Issuer) -> dict[str, str]:
    """The headers of a caller who has the role and the scope that guarded routes ask for."""
    return {"Authorization": f"Bearer {with_rights(issuer)}"}


@pytest.fixture(params=REFUSALS)
def refusal(request: pytest.FixtureRequest, issuer: Issuer) -> Refusal:
    """Each request that a route refuses which asks for that role and that scope."""
    return refusal_named(request.param, issuer)


@pytest.fixture(params=HOSTILE_HEADERS)
def hostile_header(request: pytest.FixtureRequest) -> bytes:
    """Bytes that no honest client sends; answered with 400 or 401, and never echoed."""
    return HOSTILE_HEADERS[request.param]
