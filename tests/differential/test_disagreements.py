"""The same tokens and key sets for authjwks, PyJWT and joserfc; where they disagree, a checked-in class says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.differential.cases import key_set_of, signers
from tests.differential.disagreements import Comparison, allowed
from tests.differential.judges import ACCEPTED, JUDGES
from tests.differential.key_sets import key_set_cases
from tests.differential.tokens import token_cases

SEED = 20_261_125
CLASSES = allowed(Path(__file__).with_name("allowed.json"))

# A peer that warns goes on.
pytestmark = [pytest.mark.timeout(1200), pytest.mark.filterwarnings("ignore")]


def test_all_libraries_accept_good_tokens_of_every_algorithm():
    for signer in signers():
        key_set = key_set_of([signer.jwk()])
        assert {judge(key_set, signer.token()) for judge in JUDGES.values()} == {ACCEPTED}, signer.key.kid


@pytest.mark.parametrize(
    ("of", "make", "number"), [("tokens", token_cases, 20_000), ("key sets", key_set_cases, 4_000)]
)
def test_disagreements_on_bent_tokens_and_keys_are_of_an_allowed_class(of, make, number, capsys):
    comparison = Comparison([each for each in CLASSES if each.of == of])
    for case in make(SEED, number):
        comparison.add(case)

    with capsys.disabled():
        print(f"\n{comparison.table()}")
    assert sum(comparison.counts.values()) >= number
    assert not comparison.unexplained, comparison.complaint()
    assert comparison.unused() == [], "nothing falls into these classes: the libraries agree by now"


def test_every_allowed_class_has_a_reason_and_a_text_behind_it():
    assert [each.name for each in CLASSES if not (each.reason and each.rfc and each.accepted_by)] == []
    assert len({each.name for each in CLASSES}) == len(CLASSES)
