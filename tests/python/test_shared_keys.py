"""Several templates, one issuer spelled in two ways, and one set of keys for all tenants of a template."""

import asyncio
import json

import pytest
from tests.servers.recording import Answer, RecordingServer
from tests.support.verdicts import GOOD, verdict, verdict_async
from tests.support.verifiers import OPENID, verifier_of

from authjwks import ConfigError, Verifier
from authjwks.testing import Issuer


def both_ways(verifier, token):
    verdicts = {verdict(verifier, token), asyncio.run(verdict_async(verifier, token))}
    assert len(verdicts) == 1
    return verdicts.pop()


@pytest.fixture
def other():
    with Issuer() as running:
        yield running


# Several templates


def metadata_of_tenant(issuer, path):
    return json.dumps({"issuer": f"{issuer.issuer}{path}", "jwks_uri": issuer.jwks_uri})


def test_several_templates_trust_the_tenants_of_each(own_issuer, other):
    templates = [f"{own_issuer.issuer}/{{tenant}}/v2.0", f"{other.issuer}/{{tenant}}"]
    verifier = verifier_of(own_issuer, issuer=templates)

    for issuer, path in ((own_issuer, "/acme/v2.0"), (other, "/acme")):
        with issuer.respond(f"{path}{OPENID}", body=metadata_of_tenant(issuer, path)):
            assert both_ways(verifier, issuer.mint(iss=f"{issuer.issuer}{path}")) == GOOD
    assert both_ways(verifier, own_issuer.mint(iss=f"{own_issuer.issuer}/acme")) == "wrong_issuer"
    assert both_ways(verifier, own_issuer.mint(iss=f"{other.issuer}/acme")) == "bad_signature"


def test_unproven_tenant_is_reported_by_the_template_that_it_matches(own_issuer):
    url = own_issuer.issuer
    templates = [f"{url}/{{tenant}}", f"{url}/{{tenant}}/v2.0"]
    events = []
    verifier = verifier_of(own_issuer, issuer=templates, on_event=events.append)

    verdict(verifier, own_issuer.mint(iss=f"{url}/made-up"))
    verdict(verifier, own_issuer.mint(iss=f"{url}/made-up/v2.0"))

    assert [event.issuer for event in events] == templates


# One issuer, spelled with and without a slash


@pytest.mark.parametrize("in_metadata", ["", "/"], ids=["without", "with"])
@pytest.mark.parametrize("first", ["", "/"], ids=["without_first", "with_first"])
def test_both_spellings_of_an_issuer_share_one_source(own_issuer, in_metadata, first):
    url = own_issuer.issuer
    spellings = [url + first, url + {"": "/", "/": ""}[first]]
    verifier = verifier_of(own_issuer, issuer=spellings)
    metadata = json.dumps({"issuer": url + in_metadata, "jwks_uri": own_issuer.jwks_uri})

    with own_issuer.respond(OPENID, body=metadata):
        verifier.prefetch()
        assert [both_ways(verifier, own_issuer.mint(iss=spelling)) for spelling in spellings] == [GOOD] * 2
        verifier.refresh()

    assert own_issuer.fetches == {OPENID: 2, "/jwks": 2}
    (health,) = verifier.health().issuers
    assert health.issuer == spellings[0]


def test_spelling_that_is_not_configured_is_refused(own_issuer, other):
    verifier = verifier_of(own_issuer, issuer=[own_issuer.issuer, other.issuer])

    assert both_ways(verifier, own_issuer.mint(iss=f"{own_issuer.issuer}/")) == "wrong_issuer"
    metadata = json.dumps({"issuer": f"{own_issuer.issuer}/", "jwks_uri": own_issuer.jwks_uri})
    with own_issuer.respond(OPENID, body=metadata):
        assert both_ways(verifier, own_issuer.mint()) == "keys_unavailable"


def test_metadata_of_both_spellings_may_name_no_third_issuer(own_issuer):
    verifier = verifier_of(own_issuer, issuer=[own_issuer.issuer, f"{own_issuer.issuer}/"])
    metadata = json.dumps({"issuer": f"{own_issuer.issuer}//", "jwks_uri": own_issuer.jwks_uri})

    with own_issuer.respond(OPENID, body=metadata):
        assert both_ways(verifier, own_issuer.mint()) == "keys_unavailable"


# One set of keys for all tenants


TEMPLATE = "https://login.example/{tenant}/v2.0"


@pytest.mark.parametrize("place", ["jwks_uri", "jwks"])
def test_tenants_of_a_template_share_one_set_of_keys(own_issuer, place):
    shared = {"jwks_uri": own_issuer.jwks_uri, "jwks": own_issuer.jwks()}[place]
    verifier = verifier_of(own_issuer, issuer=TEMPLATE, **{place: shared})

    for tenant in ("acme", "globex", "a-b_c.d"):
        assert both_ways(verifier, own_issuer.mint(iss=f"https://login.example/{tenant}/v2.0")) == GOOD
    for stranger in ("https://login.example/acme", "https://login.example/a/b/v2.0", "https://evil.example/a/v2.0"):
        assert both_ways(verifier, own_issuer.mint(iss=stranger)) == "wrong_issuer"
    assert both_ways(verifier, own_issuer.mint(iss=None)) == "claim_missing"
    assert own_issuer.fetches["/jwks"] == (1 if place == "jwks_uri" else 0)
    assert len(verifier.health().issuers) == 1


def test_shared_keys_serve_names_beside_templates(own_issuer):
    verifier = verifier_of(own_issuer, issuer=[TEMPLATE, "https://staff.example/"], jwks_uri=own_issuer.jwks_uri)

    assert both_ways(verifier, own_issuer.mint(iss="https://staff.example/")) == GOOD
    assert both_ways(verifier, own_issuer.mint(iss="https://login.example/acme/v2.0")) == GOOD
    assert both_ways(verifier, own_issuer.mint()) == "wrong_issuer"


def test_tenant_that_only_a_forged_token_names_costs_no_request(own_issuer):
    with RecordingServer(lambda asked: Answer(404)) as attacker:
        template = f"http://127.0.0.1:{attacker.server_port}/{{tenant}}"
        verifier = verifier_of(own_issuer, issuer=template, jwks_uri=own_issuer.jwks_uri)
        token = own_issuer.mint(iss=template.replace("{tenant}", "x"), key=own_issuer.impostor())

        assert both_ways(verifier, token) == "bad_signature"
        assert not attacker.asked


@pytest.mark.parametrize(
    "template",
    ["https://{tenant}", "https://login.example/{tenant}/{tenant}", "https://login.example/{other}", "{tenant}"],
)
def test_bad_template_is_a_config_error_with_shared_keys_too(issuer, template):
    with pytest.raises(ConfigError):
        Verifier(template, issuer.audience, jwks=issuer.jwks())
