"""Key sets and tokens of real issuers: keys that can check signatures are used, the others skipped for a reason."""

import json

import pytest

from authjwks import ANY, ExpiredToken, Verifier, _core

# Per issuer: how many members can be used, and why the others are not.
EXPECTED = {
    "apple": (3, []),
    "auth0-dockyard": (2, []),
    "azure-dockyard": (10, []),
    "battle-net": (2, []),
    "cognito": (2, []),
    "discord": (1, []),
    "docker": (2, []),
    "dropbox": (1, []),
    "duplicate-kid": (1, ["not_for_signatures"]),
    "entra-common": (7, []),
    "entra-organizations": (6, []),
    "facebook": (2, []),
    "github-actions": (4, []),
    "gitlab": (2, []),
    "google": (2, []),
    "google-dockyard": (2, []),
    "keycloak-dockyard": (1, ["not_for_signatures"]),
    "keycloak-run": (4, ["not_for_signatures"]),
    "klarna": (4, []),
    "kubernetes": (1, []),
    "lego": (5, []),
    "mojeid": (1, []),
    "okta-dockyard": (2, []),
    "onelogin-dockyard": (1, []),
    "paypal": (14, ["unsupported_crv"]),
    "slack": (1, []),
    "spotify": (3, []),
    "twitch": (1, []),
    "vault-dockyard": (2, []),
    "verimi": (2, []),
    # Three of Yahoo's keys are RSA of 1024 bits.
    "yahoo": (1, ["weak_key", "weak_key", "weak_key"]),
}
CLOUDFLARE_ISSUER = "https://that-test.cloudflareaccess.com"
CLOUDFLARE_AUDIENCE = "b45b16274a1a212b95cbc6081035c5c761c8122969323f1644cafdcd0b27355e"
WHILE_CLOUDFLARES_TOKEN_WAS_GOOD = 1_670_400_000.0


@pytest.fixture
def samples(shared):
    return shared / "jwks-samples"


def report_on(text):
    report = _core.KeySource.fixed(text).report()
    members = len(json.loads(text)["keys"])
    return members - len(report["skipped"]), sorted(reason for _, reason in report["skipped"])


def test_given_the_folder_of_samples__when_listed__then_every_key_set_has_its_row(samples):
    assert {path.name.removesuffix("-jwks.json") for path in samples.glob("*-jwks.json")} == set(EXPECTED)


@pytest.mark.parametrize("issuer", EXPECTED)
def test_given_a_real_key_set__when_read__then_what_can_be_used_is_and_the_rest_has_reasons(samples, issuer):
    assert report_on((samples / f"{issuer}-jwks.json").read_text()) == EXPECTED[issuer]


@pytest.mark.parametrize("issuer", ["apple", "entra-common", "google", "yahoo"])
def test_given_the_sets_an_issuer_served_over_time__when_read__then_each_has_usable_keys(samples, issuer):
    for state in json.loads((samples / "history" / f"{issuer}.json").read_text()):
        usable, skipped = report_on(json.dumps(state["jwks"]))
        assert usable >= 1
        assert set(skipped) <= {"weak_key"}


def test_given_cloudflares_own_token__when_judged_in_its_time__then_it_verifies_and_now_it_is_expired(samples):
    token = json.loads((samples / "cloudflare-access-token.json").read_text())["jwt"]
    keys = _core.KeySource.fixed((samples / "cloudflare-access-certs.json").read_text())
    judge = _core.Verifier(
        keys,
        issuers=[CLOUDFLARE_ISSUER],
        audiences=[CLOUDFLARE_AUDIENCE],
        algorithms=["RS256"],
        leeway=0.0,
        required_claims=["exp"],
        token_types=["", "JWT"],
        max_token_bytes=16384,
        on_news=None,
        token_cache=None,
    )

    assert judge.verify_at(token, WHILE_CLOUDFLARES_TOKEN_WAS_GOOD)["type"] == "app"
    with pytest.raises(ExpiredToken):
        judge.verify(token)


def test_given_one_name_for_two_keys__when_the_token_is_of_the_signing_one__then_it_verifies(samples):
    token = json.loads((samples / "duplicate-kid-token.json").read_text())["jwt"]
    jwks = (samples / "duplicate-kid-jwks.json").read_text()

    claims = Verifier(ANY, ANY, jwks=jwks, algorithms="PS512", required_claims=()).verify(token)

    assert claims == {"field": "value", "foo": "bar"}
