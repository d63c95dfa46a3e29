"""The judge of the run under load itself: what each of its rules calls wrong, and what it lets pass."""

from __future__ import annotations

import pytest
from tests.load.judge import (
    forgotten_keys,
    late_unavailability,
    longest_streaks,
    odd_answers,
    silent_unavailability,
    wrong_acceptances,
    wrong_refusals,
)
from tests.load.timeline import Timeline
from tests.load.traffic import FORGED, GOOD, Answer


@pytest.fixture
def timeline() -> Timeline:
    """Keys a, b, c, d at 0, 10, 20 and 30 s, each withdrawn by the third after it; down from 12 to 17 s."""
    made = Timeline()
    for kid, at in {"a": 0.0, "b": 10.0, "c": 20.0, "d": 30.0}.items():
        made.publish(kid, at)
    made.go_down("hang", 12.0)
    made.come_back(17.0)
    return made


def answer(status: int, began: float, kid: str = "b", kind: str = GOOD, worker: str = "1") -> Answer:
    return Answer(kind, kid, began, began + 0.1, status, "", worker, "1" if status == 503 else None)


def test_acceptance_is_wrong_for_bad_tokens_alone():
    forged = answer(200, 1.0, kind=FORGED)

    assert wrong_acceptances([answer(200, 1.0), answer(401, 1.0, kind=FORGED), forged]) == [forged]


def test_401_is_wrong_for_good_tokens_until_their_key_is_withdrawn(timeline: Timeline):
    early, late = answer(401, 29.8, kid="a"), answer(401, 29.95, kid="a")

    assert wrong_refusals([early, late, answer(401, 1.0, kind=FORGED)], timeline) == [early]


def test_503_is_wrong_of_a_worker_that_has_accepted_the_key(timeline: Timeline):
    accepted = answer(200, 11.0)
    after, elsewhere, before = answer(503, 13.0), answer(503, 13.0, worker="2"), answer(503, 10.5)

    assert forgotten_keys([before, accepted, after, elsewhere], timeline) == [after]


@pytest.mark.parametrize(
    ("sent", "late"),
    [
        pytest.param(11.0, None, id="just_published"),
        pytest.param(11.5, 1.5, id="published_for_long"),
        pytest.param(16.9, None, id="down"),
        pytest.param(17.9, None, id="just_back"),
        pytest.param(18.5, 1.5, id="back_for_long"),
    ],
)
def test_503_is_late_a_second_after_the_key_can_be_had(timeline: Timeline, sent, late):
    given = answer(503, sent)

    assert late_unavailability([given], timeline) == ([] if late is None else [(given, late)])


def test_answers_other_than_200_and_401_and_503_are_odd():
    cut, error = answer(0, 1.0), answer(500, 1.0)

    assert odd_answers([answer(200, 1.0), answer(401, 1.0), answer(503, 1.0), cut, error]) == [cut, error]


@pytest.mark.parametrize("retry_after", [None, "0", "-1", "soon"])
def test_503_is_wrong_without_a_time_to_try_again(retry_after):
    given = answer(503, 1.0)._replace(retry_after=retry_after)

    assert silent_unavailability([answer(503, 1.0), given]) == [given]


def test_longest_streaks_are_told_by_the_kind_of_outage(timeline: Timeline):
    answers = [answer(503, 13.0), answer(503, 18.0), answer(200, 18.5), answer(503, 19.0)]

    streaks = longest_streaks(answers, timeline)

    assert streaks.keys() == {"hang", "up"}
    assert streaks["hang"][:4] == ("hang", "b", "1", 2)
    assert streaks["hang"].seconds == pytest.approx(5.1)
