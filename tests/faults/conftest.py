"""Servers at fault, the matrix that is run against them, and its table at the end of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.faults.expectations import CELLS
from tests.faults.faulty_server import FaultyServer
from tests.faults.matrix import Matrix, table
from tests.faults.routes import HOST
from tests.faults.tls_faults import Identity, identity_of
from tests.faults.tokens import AUDIENCE, ISSUER
from tests.servers.throwaway_ca import ThrowawayCa

from authjwks import HttpOptions, Verifier

_MATRIX = pytest.StashKey[Matrix]()


@pytest.fixture(scope="session")
def matrix(request: pytest.FixtureRequest, authority: ThrowawayCa, identity: Identity) -> Iterator[Matrix]:
    """All the cells that this run asks for, under way at the same time."""
    running = Matrix(authority.file, identity)
    request.config.stash[_MATRIX] = running
    callspecs = (getattr(item, "callspec", None) for item in request.session.items)
    wanted = {callspec.params.get("cell") for callspec in callspecs if callspec is not None}
    running.plan(cell for cell in CELLS if cell in wanted)
    yield running
    running.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the matrix."""
    if (matrix := config.stash.get(_MATRIX, None)) is not None:
        terminalreporter.section("fault matrix")
        for line in table(matrix.outcomes()):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> ThrowawayCa:
    """Whom verifiers under test trust."""
    return ThrowawayCa(tmp_path_factory.mktemp("trusted"))


@pytest.fixture(scope="session")
def identity(authority: ThrowawayCa, tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """The certificates of servers under test."""
    foreign = ThrowawayCa(tmp_path_factory.mktemp("foreign"), "foreign")
    return identity_of(["127.0.0.1", HOST], authority, foreign)


@pytest.fixture
def server(identity: Identity) -> Iterator[FaultyServer]:
    """Serves over HTTPS, and well until told otherwise."""
    with FaultyServer(identity) as running:
        yield running


@pytest.fixture
def make_verifier(server: FaultyServer, authority: ThrowawayCa) -> Iterator[Callable[..., Verifier]]:
    """Makes verifiers: of tokens by `mint` alone, with the keys at `server`, unless told of other issuers or places.

    It takes what `Verifier` takes, and `timeout` in seconds for each fetch.
    """
    made = []

    def make(issuer: str | list[str] = ISSUER, timeout: float = 5.0, **options: Any) -> Verifier:
        if issuer == ISSUER and "discovery_url" not in options:
            options["jwks_uri"] = server.jwks_uri
        http = HttpOptions(timeout=timeout, ca_file=authority.file, proxy="")
        made.append(Verifier(issuer, AUDIENCE, http=http, **options))
        return made[-1]

    yield make
    for verifier in made:
        verifier.close()
