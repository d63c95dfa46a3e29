"""The native objects: none exists that was not constructed, and the entries for tests refuse what has no meaning."""

import math
from types import SimpleNamespace

import pytest
from tests.support.verifiers import verifier_of

from authjwks import HttpOptions, KeyOptions, _core

KINDS = [_core.IssuerRegistry, _core.KeySource, _core.Pending, _core.RemoteOptions, _core.Verifier]


@pytest.mark.parametrize("kind", KINDS)
def test_native_object_is_not_made_by_new_alone(kind):
    with pytest.raises(TypeError):
        kind.__new__(kind)
    with pytest.raises(TypeError, match="not safe"):
        object.__new__(kind)


@pytest.mark.parametrize("now", [math.nan, math.inf, -math.inf])
def test_verify_at_refuses_a_time_that_is_not_finite(issuer, now):
    with pytest.raises(ValueError, match="finite"):
        _core.testing.verify_at(verifier_of(issuer)._native, issuer.mint(lifetime=-3600), now)


def test_verify_at_refuses_what_is_no_number(issuer):
    with pytest.raises(TypeError):
        _core.testing.verify_at(verifier_of(issuer)._native, issuer.mint(), "noon")


@pytest.mark.parametrize(
    ("keys", "http"),
    [
        (None, HttpOptions()),
        (KeyOptions(), object()),
        (SimpleNamespace(ttl="soon", max_stale=0.0, cooldown=0.0), HttpOptions()),
        (KeyOptions(), SimpleNamespace(timeout=1.0)),
    ],
    ids=["no_keys", "no_http", "wrong_type", "missing_attribute"],
)
def test_remote_options_refuse_other_objects(keys, http):
    with pytest.raises((AttributeError, TypeError)):
        _core.RemoteOptions(keys, http, None)
