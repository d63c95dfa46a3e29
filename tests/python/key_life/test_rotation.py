"""Keys that come and go, and tokens whose key nobody knows."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.servers.recording import Answer, RecordingServer
from tests.support.key_life import UNKNOWN, kinds
from tests.support.verdicts import GOOD, verdict
from tests.support.verifiers import health_of, verifier_of

from authjwks import Event


def test_new_key_is_fetched_for_its_first_token_and_the_old_key_serves(own_issuer, events):
    verifier = verifier_of(own_issuer, on_event=events.append)
    old = own_issuer.mint()
    verifier.prefetch()
    own_issuer.rotate()

    assert verdict(verifier, own_issuer.mint()) == GOOD
    assert verdict(verifier, old) == GOOD
    assert events == [Event("keys_changed", own_issuer.issuer, None)]
    assert own_issuer.fetches["/jwks"] == 2


@pytest.mark.parametrize("ask", ["refresh", "unknown_key"])
def test_tokens_of_a_withdrawn_key_are_refused_after_the_next_fetch(own_issuer, ask):
    verifier = verifier_of(own_issuer)
    withdrawn = own_issuer.mint()
    assert verdict(verifier, withdrawn) == GOOD
    own_issuer.rotate(keep=False)

    if ask == "refresh":
        verifier.refresh()
    else:
        assert verdict(verifier, own_issuer.mint()) == GOOD

    assert verdict(verifier, withdrawn) == "unknown_key"


def test_empty_key_set_withdraws_every_key(own_issuer):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()
    verifier.prefetch()

    with own_issuer.respond("/jwks", body='{"keys": []}'):
        verifier.refresh()
        assert verdict(verifier, token) == "unknown_key"

    verifier.refresh()
    assert verdict(verifier, token) == GOOD


def test_flood_of_unknown_keys_costs_one_fetch_and_one_warning(own_issuer, events, caplog):
    verifier = verifier_of(own_issuer, on_event=events.append)
    known = own_issuer.mint()
    verifier.prefetch()
    flood = [own_issuer.mint(alg="Ed25519", headers={"kid": f"made up {number}"}) for number in range(1000)]

    with ThreadPoolExecutor(8) as threads:
        refused = list(threads.map(lambda token: verdict(verifier, token), flood))
        assert verdict(verifier, known) == GOOD

    assert refused == ["unknown_key"] * 1000
    assert own_issuer.fetches["/jwks"] == 2
    keys = health_of(verifier)
    assert keys.throttled > 900
    assert kinds(events) == ["throttled"]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "made up" not in caplog.text


def test_key_asked_for_too_early_serves_once_it_is_published(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.prefetch()
    without = json.dumps(own_issuer.jwks())
    own_issuer.rotate()
    early = own_issuer.mint()

    with own_issuer.respond("/jwks", body=without):
        assert [verdict(verifier, early) for _ in range(3)] == ["unknown_key"] * 3
    assert own_issuer.fetches["/jwks"] == 2

    verifier.refresh()
    assert verdict(verifier, early) == GOOD


def test_unknown_key_is_asked_for_past_http_caches(own_issuer):
    with RecordingServer(lambda asked: Answer(200, {}, json.dumps(own_issuer.jwks()).encode())) as server:
        verifier = verifier_of(own_issuer, jwks_uri=f"http://127.0.0.1:{server.server_port}/jwks")
        verifier.prefetch()

        assert verdict(verifier, own_issuer.mint(headers=UNKNOWN)) == "unknown_key"

        assert [asked.headers["Cache-Control"] for asked in server.asked] == [None, "no-cache"]
