"""Whatever is wrong with an issuer: right verdicts, in time, at little cost, and soon over when the issuer is well."""

from __future__ import annotations

import pytest
from tests.faults.matrix import CELLS, Cell, Matrix, expected_verdict

pytestmark = pytest.mark.timeout(540)

MAX_SECONDS = 5.0
MAX_FETCHES = 2
MAX_MEGABYTES = 16.0
MAX_RECOVERY_SECONDS = 30.0
SLACK_SECONDS = 1.0  # from the moment a verifier may ask again: a poll, a fetch, a busy machine


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_verdicts_cost_and_recovery_are_right_for_every_state_and_fault(cell: Cell, matrix: Matrix):
    outcome = matrix.outcome(cell)

    assert outcome.verdicts["good"] == {expected_verdict(cell)}
    assert "accepted" not in outcome.verdicts["forged"]
    assert outcome.verdicts.get("known", {"accepted"}) == {known_verdict(cell)}
    assert outcome.stray_fetches == 0
    assert outcome.slowest <= MAX_SECONDS
    assert outcome.fetches <= MAX_FETCHES
    assert outcome.megabytes <= MAX_MEGABYTES
    assert outcome.recovery <= MAX_RECOVERY_SECONDS + SLACK_SECONDS
    assert set(outcome.refused) <= {expected_verdict(cell)}


def known_verdict(cell: Cell) -> str:
    """What a token of a key at hand gets while another's key is asked for: an issuer that answers may withdraw it."""
    withdrawn = cell.state == "unknown kid" and expected_verdict(cell) == "unknown_key"
    return "unknown_key" if withdrawn else "accepted"
