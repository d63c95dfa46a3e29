"""The values that a service expects of claims, and the claim that a refusal names."""

import asyncio
import enum
import pickle

import pytest
from tests.support.verdicts import GOOD, verdict
from tests.support.verifiers import verifier_of

from authjwks import AuthError, ConfigError, InvalidToken, Verdict


def refusal_of(verifier, token):
    with pytest.raises(InvalidToken) as refused:
        verifier.verify(token)
    return refused.value


# The claim that a refusal names


@pytest.mark.parametrize(
    ("options", "claims", "code", "claim"),
    [
        pytest.param({}, {"exp": None}, "claim_missing", "exp", id="required_by_default"),
        pytest.param({"required_claims": ["tenant"]}, {}, "claim_missing", "tenant", id="required"),
        pytest.param({}, {"aud": None}, "claim_missing", "aud", id="audience_missing"),
        pytest.param({}, {"iss": None}, "claim_missing", "iss", id="issuer_missing"),
        pytest.param({}, {"sub": 5}, "claim_invalid", "sub", id="registered_of_wrong_type"),
        pytest.param({"expected_claims": {"azp": "web"}}, {}, "claim_missing", "azp", id="expected_but_missing"),
        pytest.param({"expected_claims": {"azp": "web"}}, {"azp": "x"}, "claim_invalid", "azp", id="unexpected"),
        pytest.param({}, {"iss": "https://other.example"}, "wrong_issuer", None, id="another_issuer"),
        pytest.param({}, {"exp": 1}, "expired", None, id="expired"),
    ],
)
def test_refusal_names_the_claim_at_fault(issuer, options, claims, code, claim):
    refusal = refusal_of(verifier_of(issuer, **options), issuer.mint(claims))

    assert (refusal.code, refusal.claim) == (code, claim)
    assert pickle.loads(pickle.dumps(refusal)).claim == claim


@pytest.mark.parametrize(("iss", "code"), [(None, "claim_missing"), (5, "claim_invalid")])
def test_refusal_of_a_token_without_issuer_names_it_before_any_key(issuer, iss, code):
    verifier = verifier_of(issuer, issuer=[issuer.issuer, "https://b.example"])

    refusal = refusal_of(verifier, issuer.mint(iss=iss))

    assert (refusal.code, refusal.claim) == (code, "iss")


def test_claim_of_one_refusal_is_not_that_of_the_next(issuer):
    verifier = verifier_of(issuer)

    assert refusal_of(verifier, issuer.mint(exp=None)).claim == "exp"
    assert refusal_of(verifier, "a.b.c").claim is None
    assert AuthError.claim is None


def test_verdict_names_the_claim_at_fault(issuer):
    seen: list[Verdict] = []
    verifier = verifier_of(issuer, required_claims=["tenant"], on_verdict=seen.append)

    verdict(verifier, issuer.mint())
    verdict(verifier, issuer.mint(tenant="a"))

    assert [(each.code, each.claim) for each in seen] == [("claim_missing", "tenant"), (None, None)]


# Expected values


@pytest.mark.parametrize(
    "values",
    ["a", {"a", "b"}, ["a"], ("a", 1), frozenset({"a"}), ["b", "a"]],
    ids=repr,
)
def test_one_value_or_a_collection_is_expected(issuer, values):
    verifier = verifier_of(issuer, expected_claims={"client_id": values})

    assert verdict(verifier, issuer.mint(client_id="a")) == GOOD
    assert refusal_of(verifier, issuer.mint(client_id="c")).code == "claim_invalid"


def test_all_expected_claims_must_fit(issuer):
    verifier = verifier_of(issuer, expected_claims={"token_use": "access", "azp": {"web", "app"}, "level": [1, 2]})

    assert verdict(verifier, issuer.mint(token_use="access", azp="app", level=2)) == GOOD
    assert refusal_of(verifier, issuer.mint(token_use="access", azp="app", level=3)).claim == "level"
    assert refusal_of(verifier, issuer.mint(token_use="id", azp="app", level=3)).claim == "token_use"


VALUES = [True, False, 1, 0, 1.0, 0.0, "1", "true", "", [1], {"1": 1}, -1, 2**63, 2**64 - 1, -(2**63)]


@pytest.mark.parametrize("expected", [True, False, 1, 0, "1", "true", -1, 2**63, 2**64 - 1, -(2**63)], ids=repr)
def test_value_of_another_type_does_not_match(issuer, expected):
    verifier = verifier_of(issuer, expected_claims={"x": expected})

    matching = [value for value in VALUES if verdict(verifier, issuer.mint(x=value)) == GOOD]

    assert [(type(value), value) for value in matching] == [(type(expected), expected)]


class Client(str, enum.Enum):
    WEB = "web"


class Level(enum.IntEnum):
    HIGH = 3


def test_enumerations_are_expected_by_their_values(issuer):
    verifier = verifier_of(issuer, expected_claims={"azp": Client.WEB, "level": [Level.HIGH]})

    assert verdict(verifier, issuer.mint(azp="web", level=3)) == GOOD


def test_claim_in_an_array_does_not_match(issuer):
    verifier = verifier_of(issuer, expected_claims={"groups": "admin"})

    assert refusal_of(verifier, issuer.mint(groups=["admin"])).claim == "groups"


def test_unexpected_claim_goes_before_an_expired_token(issuer):
    verifier = verifier_of(issuer, expected_claims={"azp": "web"})

    assert refusal_of(verifier, issuer.mint(azp="x", lifetime=-3600)).code == "claim_invalid"
    assert refusal_of(verifier, issuer.mint(azp="web", lifetime=-3600)).code == "expired"


def test_token_of_another_client_is_refused_once_another_verifier_cached_it(issuer):
    token = issuer.mint(client_id="b")
    verifier_of(issuer, expected_claims={"client_id": "b"}).verify(token)
    strict = verifier_of(issuer, expected_claims={"client_id": "a"})

    assert [refusal_of(strict, token).claim for _ in range(2)] == ["client_id"] * 2
    assert asyncio.run(refused_async(strict, token)) == ("claim_invalid", "client_id")


async def refused_async(verifier, token):
    with pytest.raises(InvalidToken) as refused:
        await verifier.verify_async(token)
    return refused.value.code, refused.value.claim


def test_text_of_a_token_is_not_in_the_refusal(issuer):
    refusal = refusal_of(verifier_of(issuer, expected_claims={"azp": "web"}), issuer.mint(azp="secret"))

    assert str(refusal) == "A claim of the token does not have an accepted value."
    assert "secret" not in repr(vars(refusal))


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param({}, id="nothing"),
        pytest.param("azp", id="text"),
        pytest.param([("azp", "web")], id="pairs"),
        pytest.param({"azp": ""}, id="empty_text"),
        pytest.param({"azp": []}, id="empty_list"),
        pytest.param({"azp": set()}, id="empty_set"),
        pytest.param({"azp": {}}, id="empty_mapping"),
        pytest.param({"azp": {"web": 1}}, id="mapping"),
        pytest.param({"azp": None}, id="none"),
        pytest.param({"azp": [None]}, id="none_in_a_list"),
        pytest.param({"azp": 1.0}, id="float"),
        pytest.param({"azp": ["a", 1.5]}, id="float_in_a_list"),
        pytest.param({"azp": [["a"]]}, id="nested"),
        pytest.param({"azp": b"web"}, id="bytes"),
        pytest.param({"azp": "web\ud800"}, id="surrogate"),
        pytest.param({"azp": 2**64}, id="too_large"),
        pytest.param({"azp": -(2**63) - 1}, id="too_small"),
        pytest.param({"azp": [1, 2**70]}, id="too_large_in_a_list"),
        pytest.param({"": "web"}, id="empty_name"),
        pytest.param({" ": "web"}, id="blank_name"),
        pytest.param({5: "web"}, id="name_no_text"),
        pytest.param({None: "web"}, id="name_none"),
        pytest.param({"azp\ud800": "web"}, id="name_with_a_surrogate"),
    ],
)
def test_illegal_expectation_is_a_config_error(issuer, expected):
    with pytest.raises(ConfigError, match="expected_claims"):
        verifier_of(issuer, expected_claims=expected)


@pytest.mark.parametrize(
    ("claim", "option"),
    [("iss", "issuer"), ("aud", "audience"), ("exp", "leeway"), ("nbf", "leeway"), ("iat", "leeway")],
)
def test_claim_with_an_option_of_its_own_is_a_config_error(issuer, claim, option):
    with pytest.raises(ConfigError, match=f"use the option {option}"):
        verifier_of(issuer, expected_claims={claim: "x"})
