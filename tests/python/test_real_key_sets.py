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


def test_every_sample_has_an_expected_result(samples):
    assert {path.name.removesuffix("-jwks.json") for path in samples.glob("*-jwks.json")} == set(EXPECTED)


@pytest.mark.parametrize("issuer", EXPECTED)
def test_real_key_sets_have_the_expected_usable_and_skipped_keys(samples, issuer):
    assert report_on((samples / f"{issuer}-jwks.json").read_text()) == EXPECTED[issuer]


@pytest.mark.parametrize("issuer", ["apple", "entra-common", "google", "yahoo"])
def test_every_historical_key_set_has_usable_keys(samples, issuer):
    for state in json.loads((samples / "history" / f"{issuer}.json").read_text()):
        usable, skipped = report_on(json.dumps(state["jwks"]))
        assert usable >= 1
        assert set(skipped) <= {"weak_key"}


def test_cloudflare_token_verified_in_its_time_and_is_expired_now(samples):
    token = json.loads((samples / "cloudflare-access-token.json").read_text())["jwt"]
    keys = _core.KeySource.fixed((samples / "cloudflare-access-certs.json").read_text())
    judge = _core.Verifier(
        keys,
        issuers=[CLOUDFLARE_ISSUER],
        issuer_templates=[],
        audiences=[CLOUDFLARE_AUDIENCE],
        algorithms=["RS256"],
        leeway=0.0,
        required_claims=["exp"],
        expected_claims=[],
        refuse_id_tokens=False,
        accept_bound_tokens=False,
        token_types=["", "JWT"],
        max_token_bytes=16384,
        token_cache=None,
        on_events=None,
        on_verdict=None,
        on_refusal=None,
    )

    assert _core.testing.verify_at(judge, token, WHILE_CLOUDFLARES_TOKEN_WAS_GOOD)["type"] == "app"
    with pytest.raises(ExpiredToken):
        judge.verify(token)


def test_key_id_shared_by_two_keys_finds_the_signing_one(samples):
    token = json.loads((samples / "duplicate-kid-token.json").read_text())["jwt"]
    jwks = (samples / "duplicate-kid-jwks.json").read_text()

    claims = Verifier(ANY, ANY, jwks=jwks, algorithms="PS512", required_claims=()).verify(token)

    assert claims == {"field": "value", "foo": "bar"}
