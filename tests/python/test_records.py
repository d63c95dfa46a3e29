"""Records of `authjwks.records`, held against those of `typing`."""

from __future__ import annotations

import pickle
import typing

import pytest

from authjwks import KeyOptions, TokenCacheOptions
from authjwks.records import NamedTuple


class Ours(NamedTuple):
    """A record."""

    name: str
    size: int


class Theirs(typing.NamedTuple):
    """A record."""

    name: str
    size: int


def what_comes_of(act, record):
    """What `act` gives, with the record's own name left out; or the type of what it raises."""
    try:
        result = act(record)
    except Exception as raised:  # noqa: BLE001 # whichever it is, it is compared
        return type(raised)
    return repr(result).replace(record.__name__, "Record")


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda record: record("a", 1), id="by_position"),
        pytest.param(lambda record: record(size=1, name="a"), id="by_name"),
        pytest.param(lambda record: record("a", size=1), id="by_both"),
        pytest.param(lambda record: record("a"), id="too_few"),
        pytest.param(lambda record: record(size=1), id="the_first_missing"),
        pytest.param(lambda record: record("a", 1, 2), id="too_many"),
        pytest.param(lambda record: record("a", 1, name="b"), id="one_twice"),
        pytest.param(lambda record: record("a", 1, other=2), id="an_unknown_one"),
        pytest.param(lambda record: record("a", 1).size, id="read"),
        pytest.param(lambda record: setattr(record("a", 1), "size", 2), id="assigned"),
        pytest.param(lambda record: setattr(record("a", 1), "other", 2), id="assigned_anew"),
        pytest.param(lambda record: list(record("a", 1)), id="unpacked"),
        pytest.param(lambda record: record("a", 1) == ("a", 1), id="compared"),
        pytest.param(lambda record: hash(record("a", 1)) == hash(("a", 1)), id="hashed"),
        pytest.param(lambda record: pickle.loads(pickle.dumps(record("a", 1))), id="pickled"),
        pytest.param(lambda record: record("a", 1)._replace(size=2), id="replaced"),
        pytest.param(lambda record: record("a", 1)._asdict(), id="as_dict"),
        pytest.param(lambda record: (record._fields, record.__match_args__), id="fields"),
        pytest.param(lambda record: (record.__doc__, record.__module__, record.__qualname__), id="named"),
    ],
)
def test_given_a_record__when_used__then_it_is_as_one_of_typing(act):
    assert what_comes_of(act, Ours) == what_comes_of(act, Theirs)


@pytest.mark.parametrize("options", [KeyOptions(ttl=60), TokenCacheOptions(max_entries=10)])
def test_given_options__when_pickled__then_they_are_the_same(options):
    again = pickle.loads(pickle.dumps(options))

    assert again == options
    assert type(again) is type(options)


def test_given_options__when_one_is_replaced__then_it_is_checked_as_if_given():
    assert KeyOptions(ttl=60)._replace(cooldown=1) == KeyOptions(ttl=60, cooldown=1)
    with pytest.raises(ValueError, match="ttl"):
        KeyOptions()._replace(ttl=-1)
