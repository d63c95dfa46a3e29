"""The one path from request to caller, sync and async alike."""

import asyncio
from typing import Any

import pytest

from authjwks import ANY, ClaimPaths, ConfigError, Forbidden, KeysUnavailable, MissingToken, Principal, TokenError
from authjwks.checks import Check
from authjwks.errors import InvalidToken, RevokedToken
from authjwks.guard import Guard
from authjwks.rules import Rule, roles, scopes
from authjwks.wsgi import WsgiRequest

RULES = (scopes("read:posts"), roles("editor"))


def admit(guard, headers, rules=(), **options):
    return guard.admit(request_of(headers), rules, **options)


def admit_async(guard, headers, rules=(), **options):
    return asyncio.run(guard.admit_async(request_of(headers), rules, **options))


def request_of(headers):
    return WsgiRequest({f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()})


BOTH_WAYS = pytest.mark.parametrize("way", [admit, admit_async])


@BOTH_WAYS
@pytest.mark.parametrize("rules", [(), RULES], ids=["authentication", "rights"])
def test_good_token_gives_its_principal(way, verifier, good, rules):
    principal = way(Guard(verifier), good, rules)

    assert principal.subject == principal.claims["sub"] == "user-1"
    assert (principal.roles, principal.scopes) == ({"editor"}, {"read:posts"})


@BOTH_WAYS
def test_error_response_fits_every_refusal(way, verifier, refusal):
    guard = Guard(verifier)

    with pytest.raises((TokenError, Forbidden)) as refused:
        way(guard, refusal.headers, RULES)

    response = guard.error_response(refused.value)
    assert (response.status, response.body) == (refusal.status, refusal.body(str(refused.value)))
    assert response.headers == (("WWW-Authenticate", refusal.challenge(str(refused.value))),)


@BOTH_WAYS
def test_own_extractor_and_claim_paths_are_used(way, verifier, issuer):
    def from_own_header(request):
        return request.headers("X-Token")[0]

    guard = Guard(verifier, extractor=from_own_header, claim_paths=ClaimPaths(roles="realm_access.roles"))
    token = issuer.mint(realm_access={"roles": ["editor"]})

    assert way(guard, {"X-Token": token}, [roles("editor")]).roles == {"editor"}


@BOTH_WAYS
def test_claim_paths_differ_by_issuer(way, verifier, issuer):
    token = {"Authorization": f"Bearer {issuer.mint(groups=['editor'], roles=['reader'])}"}
    by_groups, by_roles = ClaimPaths(roles="groups"), ClaimPaths()

    own = Guard(verifier, claim_paths={issuer.issuer: by_groups, ANY: by_roles})
    other = Guard(verifier, claim_paths={"https://other.example": by_groups, ANY: by_roles})
    unnamed = Guard(verifier, claim_paths={"https://other.example": by_groups})

    assert [way(guard, token).roles for guard in (own, other, unnamed)] == [{"editor"}, {"reader"}, set()]


@BOTH_WAYS
@pytest.mark.parametrize("found", [None, ""], ids=repr)
def test_missing_token_when_the_extractor_finds_none(way, verifier, found):
    with pytest.raises(MissingToken):
        way(Guard(verifier, extractor=lambda request: found), {})


@BOTH_WAYS
def test_optional_admits_a_request_without_credentials_as_none(way, verifier):
    assert way(Guard(verifier), {}, RULES, optional=True) is None


@BOTH_WAYS
def test_optional_still_refuses_bad_credentials(way, verifier, refusal):
    if refusal.code == "missing_token":
        assert way(Guard(verifier), refusal.headers, RULES, optional=True) is None
        return
    with pytest.raises((TokenError, Forbidden)):
        way(Guard(verifier), refusal.headers, RULES, optional=True)


class ByProject:
    """Authenticates by a header of its own."""

    scheme = "Project"

    def authenticate(self, request):
        (project,) = request.headers("X-Project") or [None]
        if project is None:
            return None
        if project != "known":
            raise InvalidToken("The project is not known.")
        return Principal({"sub": project, "roles": ["project"]}, ClaimPaths())

    async def authenticate_async(self, request):
        return self.authenticate(request)


@BOTH_WAYS
def test_chain_admits_by_the_first_credentials_there_are(way, verifier, good):
    guard = Guard(verifier, authenticators=[ByProject()])

    assert way(guard, good).subject == "user-1"
    assert way(guard, {"X-Project": "known"}, [roles("project")]).subject == "known"
    assert way(guard, {**good, "X-Project": "known"}).subject == "user-1"


@BOTH_WAYS
def test_chain_never_falls_through_refused_credentials(way, verifier):
    guard = Guard(verifier, authenticators=[ByProject()])

    with pytest.raises(InvalidToken):
        way(guard, {"Authorization": "Bearer forged", "X-Project": "known"})


@BOTH_WAYS
@pytest.mark.parametrize(
    ("headers", "challenges"),
    [
        ({}, ['Bearer realm="posts"', 'Project realm="posts"']),
        (
            {"X-Project": "unknown"},
            [
                'Bearer realm="posts"',
                'Project realm="posts", error="invalid_token", error_description="The project is not known."',
            ],
        ),
    ],
    ids=["no_credentials", "refused"],
)
def test_every_scheme_is_challenged_and_the_refused_one_explained(way, verifier, headers, challenges):
    guard = Guard(verifier, realm="posts", authenticators=[ByProject()])

    with pytest.raises(TokenError) as refused:
        way(guard, headers)

    assert guard.error_response(refused.value).headers == tuple(("WWW-Authenticate", value) for value in challenges)


class Recorded(Check):
    """Notes what it is asked, and raises an error of the test's."""

    def __init__(self, log, name, error=None):
        self.log, self.name, self.error = log, name, error

    def check(self, claims, request):
        self.log.append((self.name, claims["sub"], list(request.headers("X-Proof"))))
        if self.error:
            raise self.error


@BOTH_WAYS
def test_checks_see_claims_and_request_in_order_for_cached_tokens_too(way, verifier, good):
    log: list[Any] = []
    guard = Guard(verifier, checks=[Recorded(log, "first"), Recorded(log, "second")])

    for proof in ("a", "b"):
        way(guard, {**good, "X-Proof": proof})

    assert log == [(name, "user-1", [proof]) for proof in ("a", "b") for name in ("first", "second")]
    assert verifier.health().token_cache.hits > 0


@BOTH_WAYS
@pytest.mark.parametrize("error", [RevokedToken("gone"), KeysUnavailable("unknown")], ids=["refuses", "cannot_tell"])
def test_check_that_refuses_ends_the_request_before_any_rule(way, verifier, good, error):
    log: list[Any] = []
    guard = Guard(verifier, checks=[Recorded(log, "first", error), Recorded(log, "second")])

    with pytest.raises(type(error)):
        way(guard, good, [roles("of nobody")])
    assert [name for name, *_ in log] == ["first"]


@BOTH_WAYS
def test_rules_see_the_request(way, verifier, good):
    class FromOffice(Rule):
        def refusal(self, principal, request):
            return None if request.headers("X-Network") == ("office",) else Forbidden("not from here")

    assert way(Guard(verifier), {**good, "X-Network": "office"}, [FromOffice() & roles("editor")])
    with pytest.raises(Forbidden, match="not from here"):
        way(Guard(verifier), good, [FromOffice()])


@pytest.mark.parametrize("verifier", [None, object(), "https://issuer.example"], ids=repr)
def test_guard_refuses_what_cannot_verify(verifier):
    with pytest.raises(ConfigError, match="verifier"):
        Guard(verifier)


async def awaited_by_nobody(request):
    return "token"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("realm", "a\nb"),
        ("extractor", None),
        ("extractor", "Authorization"),
        ("extractor", awaited_by_nobody),
        ("claim_paths", "realm_access.roles"),
        ("claim_paths", {"https://issuer.example": "roles"}),
        ("claim_paths", {5: ClaimPaths()}),
        ("checks", [lambda claims, request: None]),
        ("authenticators", [object()]),
    ],
    ids=repr,
)
def test_guard_names_the_illegal_option(verifier, option, value):
    with pytest.raises(ConfigError, match=option):
        Guard(verifier, **{option: value})
