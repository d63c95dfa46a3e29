"""Keys that come and go, and tokens whose key nobody knows."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.servers.recording import Answer, RecordingServer
from tests.support.key_life import UNKNOWN, kinds, notice_outage
from tests.support.verdicts import GOOD, verdict
from tests.support.verifiers import failure_code_of, health_of, verifier_of
from tests.support.waiting import eventually

from authjwks import Event, KeysUnavailable


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


ENCRYPTION_KEYS = [{"kty": "oct"}, {"kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB"}]


@pytest.mark.parametrize("published", [[], ENCRYPTION_KEYS], ids=["empty", "for_encryption"])
def test_set_without_a_usable_key_does_not_replace_a_working_one(own_issuer, events, caplog, published):
    verifier = verifier_of(own_issuer, on_event=events.append)
    token = own_issuer.mint()
    verifier.prefetch()

    with own_issuer.respond("/jwks", body=json.dumps({"keys": published})):
        notice_outage(verifier)
        assert verdict(verifier, token) == GOOD
        assert failure_code_of(verifier) == "no_usable_keys"
        assert verdict(verifier_of(own_issuer), token) == "keys_unavailable"

    assert [(event.kind, event.error.code) for event in events] == [("refresh_failed", "no_usable_keys")]
    assert [record.levelno for record in caplog.records].count(logging.WARNING) == 2  # of each verifier


def test_made_up_key_ids_do_not_refuse_the_tokens_of_a_new_key(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.prefetch()
    for number in range(20):
        verdict(verifier, own_issuer.mint(alg="Ed25519", headers={"kid": f"made up {number}"}))

    own_issuer.rotate()
    token = own_issuer.mint()

    assert verdict(verifier, token) == "keys_unavailable"
    assert verdict(verifier, token) == GOOD  # a second token names it


def test_flood_of_unknown_keys_costs_a_few_fetches_and_one_warning(own_issuer, events, caplog):
    verifier = verifier_of(own_issuer, on_event=events.append)
    known = own_issuer.mint()
    verifier.prefetch()
    flood = [own_issuer.mint(alg="Ed25519", headers={"kid": f"made up {number}"}) for number in range(1000)]

    with ThreadPoolExecutor(8) as threads:
        refused = list(threads.map(lambda token: verdict(verifier, token), flood))
        assert verdict(verifier, known) == GOOD

    assert set(refused) <= {"unknown_key", "keys_unavailable"}
    assert refused.count("unknown_key") <= 100
    assert own_issuer.fetches["/jwks"] == 6
    keys = health_of(verifier)
    assert keys.throttled > 900
    assert set(kinds(events)) == {"throttled"}
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "made up" not in caplog.text


def test_retry_after_of_an_unknown_key_is_kept(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.prefetch()
    for number in range(5):
        verdict(verifier, own_issuer.mint(headers={"kid": f"made up {number}"}))
    unknown = own_issuer.mint(headers=UNKNOWN)

    with pytest.raises(KeysUnavailable) as unavailable:
        verifier.verify(unknown)
    assert unavailable.value.retry_after == 1
    assert verdict(verifier, unknown) == "unknown_key"


def test_key_replaced_under_its_id_is_found_by_the_first_failed_signature(own_issuer, events):
    verifier = verifier_of(own_issuer, on_event=events.append)
    old = own_issuer.mint()
    verifier.prefetch()
    replacement = own_issuer.impostor()  # another key of the same id
    token = own_issuer.mint(key=replacement)

    with own_issuer.respond("/jwks", body=json.dumps({"keys": [replacement.jwk()]})):
        assert verdict(verifier, token) == "bad_signature"
        eventually(lambda: verdict(verifier, token) == GOOD)

    assert verdict(verifier, old) == "bad_signature"
    assert kinds(events)[:3] == ["rechecked", "keys_changed", "key_replaced"]


def test_forged_signatures_do_not_use_up_what_unknown_keys_need(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.prefetch()
    forged = own_issuer.mint(key=own_issuer.impostor())
    for _ in range(20):
        assert verdict(verifier, forged) == "bad_signature"
        eventually(lambda: not health_of(verifier).refreshing)

    own_issuer.rotate()

    assert verdict(verifier, own_issuer.mint()) == GOOD
    assert own_issuer.fetches["/jwks"] == 6


def test_replicas_that_publish_different_keys_both_serve(own_issuer, events):
    verifier = verifier_of(own_issuer, on_event=events.append)
    first = own_issuer.mint()
    published = json.dumps(own_issuer.jwks())
    own_issuer.rotate(keep=False)
    second = own_issuer.mint()
    verifier.refresh()
    for _ in range(2):
        with own_issuer.respond("/jwks", body=published):
            verifier.refresh()
        verifier.refresh()

    assert [verdict(verifier, first), verdict(verifier, second)] == [GOOD, GOOD]
    assert kinds(events).count("replicas_differ") == 1


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

        assert [asked.headers["Cache-Control"] for asked in server.asked] == ["no-cache", "no-cache"]
