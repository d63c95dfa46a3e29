"""How long keys serve: renewal ahead, cache headers, conditional requests."""

import json
import time

import pytest
from tests.servers.recording import Answer, RecordingServer
from tests.support.verdicts import GOOD, served_until_renewed, verdict
from tests.support.verifiers import failure_code_of, health_of, verifier_of
from tests.support.waiting import eventually

from authjwks import KeyOptions

pytestmark = pytest.mark.slow


def test_keys_in_use_are_renewed_before_their_ttl_ends_while_they_serve(own_issuer):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=2.0))

    assert served_until_renewed(verifier, own_issuer) > 0
    assert health_of(verifier).state == "fresh"


def test_unused_keys_are_not_refreshed_over_and_over(own_issuer):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=0.05))
    verifier.prefetch()

    time.sleep(1.0)

    assert own_issuer.fetches["/jwks"] <= 7  # of the 20 that refreshing on and on would take


def test_keys_that_expired_unused_are_replaced_before_the_next_verdict(own_issuer):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=0.2))
    withdrawn = own_issuer.mint()
    verifier.prefetch()
    own_issuer.rotate(keep=False)
    time.sleep(0.2)

    assert verdict(verifier, withdrawn) == "unknown_key"
    assert verdict(verifier, own_issuer.mint()) == GOOD


CACHING = [
    pytest.param({}, 900, id="none_named"),
    pytest.param({"Cache-Control": "max-age=300"}, 300, id="max_age"),
    pytest.param({"Cache-Control": "public, Max-Age=300, must-revalidate"}, 300, id="among_others"),
    pytest.param({"Cache-Control": "max-age=300", "Age": "100"}, 200, id="less_its_age"),
    pytest.param({"Cache-Control": "max-age=300", "Age": "400"}, 60, id="aged_past_it"),
    pytest.param({"Cache-Control": "max-age=10"}, 60, id="too_short"),
    pytest.param({"Cache-Control": "max-age=0, no-store"}, 900, id="zero"),
    pytest.param({"Cache-Control": "max-age=86400"}, 3600, id="too_long"),
    pytest.param({"Cache-Control": "max-age=99999999999999999999"}, 3600, id="huge"),
    pytest.param({"Cache-Control": "max-age=-5"}, 900, id="negative"),
    pytest.param({"Cache-Control": "max-age=soon"}, 900, id="no_number"),
    pytest.param({"Cache-Control": "no-cache"}, 900, id="no_cache"),
    pytest.param({"Cache-Control": "no-cache, no-store, max-age=0, must-revalidate"}, 900, id="spring"),
    pytest.param({"Cache-Control": "max-age=600, no-store"}, 900, id="no_store"),
]


@pytest.mark.parametrize(("headers", "ttl"), CACHING)
def test_next_refresh_follows_cache_headers_within_bounds(own_issuer, headers, ttl):
    verifier = verifier_of(own_issuer)

    with own_issuer.respond("/jwks", headers=headers):
        verifier.prefetch()

    keys = health_of(verifier)
    assert 0.75 * ttl - 0.1 <= keys.age + keys.next_refresh <= 0.8 * ttl + 0.1


def test_refresh_sends_etag_and_date_and_accepts_not_modified(own_issuer, events):
    known = {"ETag": '"v1"', "Last-Modified": "Sat, 22 Nov 2025 10:00:00 GMT"}

    def answer(asked):
        is_known = asked.headers["If-None-Match"] == known["ETag"]
        return Answer(304, known) if is_known else Answer(200, known, json.dumps(own_issuer.jwks()).encode())

    with RecordingServer(answer) as server:
        url = f"http://127.0.0.1:{server.server_port}/jwks"
        verifier = verifier_of(own_issuer, jwks_uri=url, keys=KeyOptions(ttl=0.3), on_event=events.append)
        token = own_issuer.mint()
        eventually(lambda: verdict(verifier, token) == GOOD and health_of(verifier).fetches >= 3)
        conditions = [(asked.headers["If-None-Match"], asked.headers["If-Modified-Since"]) for asked in server.asked]
        state = health_of(verifier).state
        verifier.close()

    assert conditions[0] == (None, None)
    assert set(conditions[1:]) == {(known["ETag"], known["Last-Modified"])}
    assert state == "fresh"
    assert events == []


def test_not_modified_without_a_condition_is_a_failure(own_issuer):
    with RecordingServer(lambda asked: Answer(304)) as server:
        verifier = verifier_of(own_issuer, jwks_uri=f"http://127.0.0.1:{server.server_port}/jwks")

        assert verdict(verifier, own_issuer.mint()) == "keys_unavailable"

    assert failure_code_of(verifier) == "bad_status"
