"""The HTTP answer to every refusal (RFC 6750 §3)."""

import re

import pytest

from authjwks import ConfigError, Forbidden, InvalidRequest, InvalidToken, KeysUnavailable, MissingToken, _core
from authjwks.challenge import answer_to, checked_realm
from authjwks.errors import refusal

# RFC 6750 §3: what error_description may hold.
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+")


def forbidden(*scopes):
    error = refusal(Forbidden, "rights", "insufficient_scope" if scopes else "forbidden")
    error.scopes = scopes
    return error


@pytest.mark.parametrize(
    ("error", "status", "rfc_code", "challenge"),
    [
        pytest.param(refusal(MissingToken, "request", "missing_token"), 401, "invalid_token", "Bearer", id="missing"),
        pytest.param(
            refusal(InvalidRequest, "request", "malformed"),
            400,
            "invalid_request",
            'Bearer error="invalid_request", error_description="SENTENCE"',
            id="malformed_request",
        ),
        pytest.param(
            refusal(InvalidToken, "signature", "bad_signature"),
            401,
            "invalid_token",
            'Bearer error="invalid_token", error_description="SENTENCE"',
            id="invalid",
        ),
        pytest.param(
            forbidden(),
            403,
            "insufficient_scope",
            'Bearer error="insufficient_scope", error_description="SENTENCE"',
            id="forbidden",
        ),
        pytest.param(
            forbidden("a", "b"),
            403,
            "insufficient_scope",
            'Bearer error="insufficient_scope", error_description="SENTENCE", scope="a b"',
            id="lacking_scope",
        ),
    ],
)
def test_given_a_refusal__when_answered__then_status_challenge_and_body_are_these(error, status, rfc_code, challenge):
    sentence = str(error)

    assert answer_to(error) == (
        status,
        {"WWW-Authenticate": challenge.replace("SENTENCE", sentence)},
        {"error": rfc_code, "code": error.code, "detail": sentence},
    )


def test_given_keys_that_cannot_be_had__when_answered__then_retry_after_and_no_challenge():
    error = refusal(KeysUnavailable, "infrastructure", "keys_unavailable")
    error.retry_after = 7

    assert answer_to(error, "posts") == (
        503,
        {"Retry-After": "7"},
        {"error": "temporarily_unavailable", "code": "keys_unavailable", "detail": str(error)},
    )


@pytest.mark.parametrize(
    ("error", "challenge"),
    [
        (refusal(MissingToken, "request", "missing_token"), 'Bearer realm="my posts"'),
        (
            forbidden("a"),
            'Bearer realm="my posts", error="insufficient_scope", error_description="SENTENCE", scope="a"',
        ),
    ],
    ids=["missing", "forbidden"],
)
def test_given_a_realm__when_answered__then_the_challenge_starts_with_it(error, challenge):
    answer = answer_to(error, checked_realm("my posts"))

    assert answer.headers["WWW-Authenticate"] == challenge.replace("SENTENCE", str(error))


@pytest.mark.parametrize("realm", ["", 'a"b', "a\\b", "a\r\nb", "a\tb", "ä", 5], ids=repr)
def test_given_a_realm_that_cannot_stand_in_a_header__when_checked__then_config_error(realm):
    with pytest.raises(ConfigError, match="realm"):
        checked_realm(realm)


@pytest.mark.parametrize("sentence", [row[2] for row in _core.ERRORS])
def test_given_a_sentence_of_the_core__when_put_into_a_challenge__then_it_needs_no_escape(sentence):
    assert DESCRIPTION.fullmatch(sentence)


@pytest.mark.parametrize("text", ["", 'no "cookie"', "a\\b", "a\r\nX-Evil: 1", "ä"], ids=repr)
def test_given_a_text_that_cannot_stand_in_a_header__when_answered__then_the_challenge_goes_without(text):
    """A source of the user's raises errors in words of its own."""
    answer = answer_to(InvalidRequest(text))

    assert answer.headers == {"WWW-Authenticate": 'Bearer error="invalid_request"'}
    assert (answer.status, answer.body["detail"]) == (400, text)


def test_given_an_error_of_the_setup__when_answered__then_it_is_raised():
    with pytest.raises(ConfigError, match="mine"):
        answer_to(ConfigError("mine"))
