"""The one path from headers to caller, sync and async alike."""

import asyncio
from typing import Any

import pytest

from authjwks import ClaimPaths, ConfigError, Forbidden, MissingToken, TokenError
from authjwks.guard import Guard
from authjwks.rules import requirement

RULES = requirement(roles="editor", scopes="read:posts")


def admit(guard, headers, rules=()):
    return guard.admit(headers_of(headers), rules)


def admit_async(guard, headers, rules=()):
    return asyncio.run(guard.admit_async(headers_of(headers), rules))


def headers_of(headers):
    by_name = {name.lower(): [value] for name, value in headers.items()}
    return lambda name: by_name.get(name.lower(), [])


EACH_WAY = pytest.mark.parametrize("way", [admit, admit_async])


@EACH_WAY
@pytest.mark.parametrize("rules", [(), RULES], ids=["authentication", "rights"])
def test_given_a_good_token__when_admitted__then_the_principal_is_its_owner(way, verifier, good, rules):
    principal = way(Guard(verifier), good, rules)

    assert principal.subject == principal.claims["sub"] == "user-1"
    assert (principal.roles, principal.scopes) == ({"editor"}, {"read:posts"})


@EACH_WAY
def test_given_any_refused_request__when_admitted__then_the_answer_fits_the_error(way, verifier, refusal):
    guard = Guard(verifier)

    with pytest.raises((TokenError, Forbidden)) as refused:
        way(guard, refusal.headers, RULES)

    answer = guard.answer_to(refused.value)
    assert (answer.status, answer.body) == (refusal.status, refusal.body(str(refused.value)))
    assert answer.headers == {"WWW-Authenticate": refusal.challenge(str(refused.value))}


@EACH_WAY
def test_given_another_source_and_other_claims__when_admitted__then_they_are_used(way, verifier, issuer):
    def from_own_header(headers):
        return headers("X-Token")[0]

    guard = Guard(verifier, source=from_own_header, claims=ClaimPaths(roles="realm_access.roles"))
    token = issuer.mint(realm_access={"roles": ["editor"]})

    assert way(guard, {"X-Token": token}, requirement(roles="editor")).roles == {"editor"}


@EACH_WAY
def test_given_a_source_that_finds_an_empty_token__when_admitted__then_missing_token(way, verifier):
    with pytest.raises(MissingToken):
        way(Guard(verifier, source=lambda headers: ""), {})


@pytest.mark.parametrize("verifier", [None, object(), "https://issuer.example"], ids=repr)
def test_given_no_verifier__when_a_guard_is_made__then_config_error(verifier):
    with pytest.raises(ConfigError, match="verifier"):
        Guard(verifier)


def test_given_an_illegal_realm__when_a_guard_is_made__then_config_error(verifier):
    with pytest.raises(ConfigError, match="realm"):
        Guard(verifier, realm="a\nb")


async def awaited_by_nobody(headers):
    return "token"


@pytest.mark.parametrize("source", [None, "Authorization", 5, awaited_by_nobody], ids=repr)
def test_given_a_source_that_cannot_be_called__when_a_guard_is_made__then_config_error(verifier, source):
    with pytest.raises(ConfigError, match="source"):
        Guard(verifier, source=source)


def test_given_claims_that_are_no_paths__when_a_guard_is_made__then_config_error(verifier):
    claims: Any = "realm_access.roles"

    with pytest.raises(ConfigError, match="ClaimPaths"):
        Guard(verifier, claims=claims)
