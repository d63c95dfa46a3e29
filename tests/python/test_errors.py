"""The exceptions: one class per kind of answer, and no reason without one."""

import pickle

import pytest

import authjwks
from authjwks import _core, errors

CLASS_OF = {
    "missing_token": authjwks.MissingToken,
    "expired": authjwks.ExpiredToken,
    "revoked": authjwks.RevokedToken,
    "insufficient_scope": authjwks.Forbidden,
    "forbidden": authjwks.Forbidden,
    "keys_unavailable": authjwks.KeysUnavailable,
}


@pytest.mark.parametrize(
    ("kind", "bases"),
    [
        (authjwks.MissingToken, {authjwks.TokenError}),
        (authjwks.InvalidRequest, {authjwks.TokenError}),
        (authjwks.InvalidToken, {authjwks.TokenError}),
        (authjwks.ExpiredToken, {authjwks.TokenError, authjwks.InvalidToken}),
        (authjwks.RevokedToken, {authjwks.TokenError, authjwks.InvalidToken}),
        (authjwks.Forbidden, set()),
        (authjwks.KeysUnavailable, set()),
        (authjwks.ConfigError, {ValueError}),
    ],
)
def test_error_classes_inherit_as_documented(kind, bases):
    assert bases | {authjwks.AuthError} == set(kind.__mro__) - {kind, Exception, BaseException, object}


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (authjwks.TokenError, "malformed"),
        (authjwks.MissingToken, "missing_token"),
        (authjwks.InvalidRequest, "malformed"),
        (authjwks.InvalidToken, "malformed"),
        (authjwks.ExpiredToken, "expired"),
        (authjwks.RevokedToken, "revoked"),
        (authjwks.Forbidden, "forbidden"),
        (authjwks.KeysUnavailable, "keys_unavailable"),
        (authjwks.ConfigError, "config_error"),
    ],
)
def test_error_raised_by_a_user_has_the_code_of_its_class(kind, code):
    assert kind("in words of the user's").code == code


@pytest.mark.parametrize(("stage", "slug"), sorted({row[:2] for row in _core.ERRORS}))
def test_error_made_from_a_row_of_the_core_survives_pickling(stage, slug):
    sentences = {row[2] for row in _core.ERRORS if row[:2] == (stage, slug)}

    error = errors.error_for(CLASS_OF.get(slug, authjwks.InvalidToken), stage, slug)
    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), copy.code) == (type(error), slug)
    assert str(copy) in sentences


def test_refusal_by_the_core_raises_the_registered_class(verifier, issuer):
    with pytest.raises(authjwks.ExpiredToken) as expired:
        verifier.verify(issuer.mint(lifetime=-3600))

    assert (type(expired.value), expired.value.code) == (authjwks.ExpiredToken, "expired")
    assert str(expired.value) in {row[2] for row in _core.ERRORS}


def test_every_error_class_is_exported():
    kinds = {value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)}

    assert {kind.__name__ for kind in kinds} <= set(authjwks.__all__)
    assert all(hasattr(authjwks, name) for name in authjwks.__all__)
