"""Whatever is wrong with an issuer: right verdicts, in time, at little cost, and soon over when the issuer is well."""

from __future__ import annotations

import pytest
from tests.faults.expectations import CELLS, EXPECTED, MAX_FETCHES, Cell, expected_verdicts
from tests.faults.matrix import Matrix, Outcome
from tests.servers.missing import present

pytestmark = pytest.mark.timeout(540)

MAX_SECONDS = 5.0
MAX_MEGABYTES = 16.0
MAX_RECOVERY_SECONDS = 30.0
SLACK_SECONDS = 1.0  # from the moment a verifier may ask again: a poll, a fetch, a busy machine


@pytest.fixture
def outcome(cell: Cell, matrix: Matrix) -> Outcome:
    return present(lambda: matrix.outcome(cell))


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_verdicts_cost_and_recovery_are_right_for_every_state_and_fault(cell: Cell, outcome: Outcome):
    assert outcome.verdicts["good"] <= expected_verdicts(cell)
    assert "accepted" not in outcome.verdicts["forged"]
    assert outcome.verdicts.get("known", {"accepted"}) == {"accepted"}
    assert outcome.stray_fetches == 0
    assert outcome.slowest <= MAX_SECONDS
    assert outcome.fetches <= MAX_FETCHES
    assert outcome.megabytes <= MAX_MEGABYTES
    assert outcome.recovery <= MAX_RECOVERY_SECONDS + SLACK_SECONDS
    assert set(outcome.refused) <= expected_verdicts(cell)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_failure_of_the_latest_fetch_is_reported_by_its_code(cell: Cell, outcome: Outcome):
    codes = EXPECTED[cell.fault].codes

    assert outcome.code in (codes | {None} if cell.state == "warm" else codes)
