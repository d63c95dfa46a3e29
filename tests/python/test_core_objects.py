"""The native objects: none exists that was not constructed, and none is asked what has no answer."""

import math

import pytest
from tests.support.verifiers import verifier_of

from authjwks import _core


@pytest.mark.parametrize("kind", [_core.IssuerDirectory, _core.KeySource, _core.RemoteOptions, _core.Verifier])
def test_given_a_native_type__when_made_by_new_alone__then_type_error(kind):
    with pytest.raises(TypeError, match="not safe"):
        kind.__new__(kind)
    with pytest.raises(TypeError, match="not safe"):
        object.__new__(kind)


@pytest.mark.parametrize("now", [math.nan, math.inf, -math.inf])
def test_given_an_expired_token__when_judged_at_a_time_that_is_none__then_value_error(issuer, now):
    judge = verifier_of(issuer)._native

    with pytest.raises(ValueError, match="finite"):
        judge.verify_at(issuer.mint(lifetime=-3600), now)


def test_given_a_token__when_judged_at_what_is_no_number__then_type_error(issuer):
    with pytest.raises(TypeError):
        verifier_of(issuer)._native.verify_at(issuer.mint(), "noon")
