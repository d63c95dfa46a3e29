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
def test_given_an_error__when_caught_by_kind__then_its_kinds_are_these(kind, bases):
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
def test_given_an_error_that_a_user_raises__when_nothing_more_is_said__then_it_has_the_code_of_its_class(kind, code):
    assert kind("in words of the user's").code == code


@pytest.mark.parametrize(("stage", "slug"), sorted({row[:2] for row in _core.ERRORS}))
def test_given_a_row_of_the_core__when_made_an_error__then_it_says_the_rows_sentence_and_survives_pickling(stage, slug):
    sentences = {row[2] for row in _core.ERRORS if row[:2] == (stage, slug)}

    error = errors.refusal(CLASS_OF.get(slug, authjwks.InvalidToken), stage, slug)
    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), copy.code) == (type(error), slug)
    assert str(copy) in sentences


def test_given_the_core__when_it_refuses__then_the_registered_class_carries_slug_and_sentence(verifier, issuer):
    with pytest.raises(authjwks.ExpiredToken) as expired:
        verifier.verify(issuer.mint(lifetime=-3600))

    assert (type(expired.value), expired.value.code) == (authjwks.ExpiredToken, "expired")
    assert str(expired.value) in {row[2] for row in _core.ERRORS}


def test_given_the_package__when_its_names_are_listed__then_every_error_is_there():
    kinds = {value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)}

    assert {kind.__name__ for kind in kinds} <= set(authjwks.__all__)
    assert all(hasattr(authjwks, name) for name in authjwks.__all__)
