"""The HTTP response to every refusal (RFC 6750 §3)."""

import re

import pytest

from authjwks import ConfigError, Forbidden, InvalidRequest, InvalidToken, KeysUnavailable, MissingToken, _core
from authjwks.challenge import checked_realm, error_response
from authjwks.errors import error_for

# RFC 6750 §3: what error_description may hold.
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+")


def forbidden(*scopes):
    error = error_for(Forbidden, "rights", "insufficient_scope" if scopes else "forbidden")
    error.scopes = scopes
    return error


@pytest.mark.parametrize(
    ("error", "status", "rfc_code", "challenge"),
    [
        pytest.param(error_for(MissingToken, "request", "missing_token"), 401, "invalid_token", "Bearer", id="missing"),
        pytest.param(
            error_for(InvalidRequest, "request", "malformed"),
            400,
            "invalid_request",
            'Bearer error="invalid_request", error_description="SENTENCE"',
            id="malformed_request",
        ),
        pytest.param(
            error_for(InvalidToken, "signature", "bad_signature"),
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
def test_answer_to_each_refusal_has_status_challenge_and_body(error, status, rfc_code, challenge):
    sentence = str(error)

    assert error_response(error) == (
        status,
        (("WWW-Authenticate", challenge.replace("SENTENCE", sentence)),),
        {"error": rfc_code, "code": error.code, "detail": sentence},
    )


def test_body_alone_names_the_claim_at_fault():
    error = error_for(InvalidToken, "claims", "claim_missing")
    error.claim = 'te"nant\r\n'

    response = error_response(error)

    assert response.body == {
        "error": "invalid_token",
        "code": "claim_missing",
        "detail": str(error),
        "claim": 'te"nant\r\n',
    }
    assert "nant" not in str(response.headers)


def test_answer_to_unavailable_keys_has_retry_after_and_no_challenge():
    error = error_for(KeysUnavailable, "infrastructure", "keys_unavailable")
    error.retry_after = 7

    assert error_response(error, realm="posts") == (
        503,
        (("Retry-After", "7"),),
        {"error": "temporarily_unavailable", "code": "keys_unavailable", "detail": str(error)},
    )


@pytest.mark.parametrize(
    ("error", "challenge"),
    [
        (error_for(MissingToken, "request", "missing_token"), 'Bearer realm="my posts"'),
        (
            forbidden("a"),
            'Bearer realm="my posts", error="insufficient_scope", error_description="SENTENCE", scope="a"',
        ),
    ],
    ids=["missing", "forbidden"],
)
def test_challenge_starts_with_the_realm(error, challenge):
    response = error_response(error, realm=checked_realm("my posts"))

    assert response.headers == (("WWW-Authenticate", challenge.replace("SENTENCE", str(error))),)


@pytest.mark.parametrize("realm", ["", 'a"b', "a\\b", "a\r\nb", "a\tb", "ä", 5], ids=repr)
def test_realm_that_cannot_stand_in_a_header_is_a_config_error(realm):
    with pytest.raises(ConfigError, match="realm"):
        checked_realm(realm)


@pytest.mark.parametrize("sentence", [row[2] for row in _core.ERRORS])
def test_sentences_of_the_core_need_no_escape_in_a_challenge(sentence):
    assert DESCRIPTION.fullmatch(sentence)


@pytest.mark.parametrize("text", ["", 'no "cookie"', "a\\b", "a\r\nX-Evil: 1", "ä"], ids=repr)
def test_text_that_cannot_stand_in_a_header_is_left_out_of_the_challenge(text):
    """An extractor of the user's raises errors in words of its own."""
    response = error_response(InvalidRequest(text))

    assert response.headers == (("WWW-Authenticate", 'Bearer error="invalid_request"'),)
    assert (response.status, response.body["detail"]) == (400, text)


def test_config_error_is_raised_instead_of_answered():
    with pytest.raises(ConfigError, match="mine"):
        error_response(ConfigError("mine"))


def test_joined_headers_keep_every_challenge():
    error = error_for(MissingToken, "request", "missing_token")

    response = error_response(error, ("Bearer", "Project"), "posts")

    assert response.headers == (
        ("WWW-Authenticate", 'Bearer realm="posts"'),
        ("WWW-Authenticate", 'Project realm="posts"'),
    )
    assert response.joined_headers() == {"WWW-Authenticate": 'Bearer realm="posts", Project realm="posts"'}
