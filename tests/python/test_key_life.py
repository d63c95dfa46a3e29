"""An issuer's keys from the first fetch to the last: prefetch, refresh, rotation, outage, recovery, reports."""

import asyncio
import json
import logging
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import strawberry
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from flask import Flask
from strawberry.flask.views import GraphQLView
from tests.servers.recording import Answer, RecordingServer
from tests.support.verdicts import GOOD, served_until_renewed, verdict, verdict_async
from tests.support.verifiers import health_of, verifier_of
from tests.support.waiting import eventually

from authjwks import ConfigError, Event, HttpOptions, InvalidToken, KeyOptions, KeysUnavailable, Verifier, _core
from authjwks.fastapi import Auth as FastApiAuth
from authjwks.flask import AuthExtension
from authjwks.strawberry import Auth as StrawberryAuth
from authjwks.testing import Issuer

OPENID = "/.well-known/openid-configuration"
UNKNOWN = {"kid": "not yet published"}


@pytest.fixture
def events():
    return []


def kinds(events):
    return [event.kind for event in events]


def down(verifier, issuer):
    """Have the verifier notice that its issuer is down."""
    with pytest.raises(KeysUnavailable):
        verifier.refresh()


# What is reported


def test_given_keys_that_never_change__when_health_is_asked__then_they_are_static(own_issuer):
    verifier = Verifier(own_issuer.issuer, own_issuer.audience, jwks=own_issuer.jwks())

    health = verifier.health()

    (keys,) = health.issuers
    assert health.ready
    assert (keys.state, keys.refreshing, keys.age, keys.next_refresh) == ("static", False, None, None)
    assert (keys.last_error, keys.skipped, keys.fetches, keys.stale_serves, keys.throttled) == (None, 0, 0, 0, 0)
    assert keys.keys == len(own_issuer.jwks()["keys"])


def test_given_keys_that_never_change__when_health_is_asked__then_their_issuer_is_named(own_issuer):
    verifier = Verifier(own_issuer.issuer, own_issuer.audience, jwks=own_issuer.jwks())

    assert health_of(verifier).issuer == own_issuer.issuer


def test_given_a_cold_verifier__when_health_is_asked__then_it_is_not_ready_and_nobody_is_asked(own_issuer):
    verifier = verifier_of(own_issuer)

    health = verifier.health()

    (keys,) = health.issuers
    assert not health.ready
    assert keys == (own_issuer.issuer, "cold", False, None, 0.0, None, 0, 0, (), 0, 0, 0)
    assert not own_issuer.fetches


def test_given_fetched_keys__when_health_is_asked__then_they_are_fresh_and_nobody_is_asked(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.prefetch()
    asked = own_issuer.fetches

    health = verifier.health()

    (keys,) = health.issuers
    assert health.ready
    assert (keys.issuer, keys.state, keys.refreshing, keys.last_error) == (own_issuer.issuer, "fresh", False, None)
    assert (keys.fetches, keys.stale_serves, keys.throttled, keys.skipped) == (1, 0, 0, 0)
    assert keys.keys == len(own_issuer.jwks()["keys"])
    assert 0.0 <= keys.age < 600.0
    assert keys.age + keys.next_refresh == pytest.approx(697.5, abs=22.6)  # 75 to 80 % of 900 s
    assert own_issuer.fetches == asked


def test_given_a_set_with_bad_members__when_fetched__then_the_good_ones_serve_and_the_rest_are_counted(own_issuer):
    mixed = {"keys": [{"kty": "oct", "k": "c2VjcmV0"}, *own_issuer.jwks()["keys"], {"kty": "??"}, 5]}
    verifier = verifier_of(own_issuer)

    with own_issuer.respond("/jwks", body=json.dumps(mixed)):
        assert verdict(verifier, own_issuer.mint()) == GOOD

    keys = health_of(verifier)
    assert (keys.keys, keys.skipped) == (len(mixed["keys"]) - 3, 3)


def test_given_an_outage__when_keys_grow_old__then_they_are_stale_and_serve_and_each_service_is_counted(own_issuer):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=0.05))
    token = own_issuer.mint()
    verifier.prefetch()
    with own_issuer.outage():
        time.sleep(0.05)
        assert verdict(verifier, token) == GOOD  # or, if the outage is not known yet, after one attempt
        eventually(lambda: health_of(verifier).last_error)

        before = health_of(verifier).stale_serves
        assert [verdict(verifier, token) for _ in range(5)] == [GOOD] * 5

        health = verifier.health()
        (keys,) = health.issuers
        assert health.ready
        assert (keys.state, keys.last_error, keys.stale_serves) == ("stale", "bad_status", before + 5)
        assert keys.age >= 0.05


def test_given_an_outage__when_nothing_may_serve_stale__then_503_as_soon_as_the_keys_are_old(own_issuer):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=0.05, max_stale=0))
    token = own_issuer.mint()
    verifier.prefetch()
    with own_issuer.outage():
        time.sleep(0.05)

        with pytest.raises(KeysUnavailable) as unavailable:
            verifier.verify(token)

        health = verifier.health()
        (keys,) = health.issuers
        assert not health.ready
        assert (keys.state, keys.last_error, keys.stale_serves) == ("failed", "bad_status", 0)
        assert 0 <= keys.next_refresh <= 10
        assert 1 <= unavailable.value.retry_after <= 10


def test_given_an_outage_longer_than_max_stale__when_it_ends__then_503_and_then_a_recovery_by_itself(own_issuer):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=0.05, max_stale=0.3))
    token = own_issuer.mint()
    verifier.prefetch()
    with own_issuer.outage():
        verdicts = []
        eventually(lambda: verdicts.append(verdict(verifier, token)) or verdicts[-1] != GOOD)
        assert set(verdicts) == {GOOD, "keys_unavailable"}
        assert health_of(verifier).state == "failed"

    eventually(lambda: verdict(verifier, token) == GOOD)
    eventually(lambda: health_of(verifier).last_error is None)


def test_given_a_slow_issuer__when_health_is_asked_meanwhile__then_it_is_refreshing(own_issuer):
    verifier = verifier_of(own_issuer)
    with own_issuer.respond(OPENID, delay=0.5), ThreadPoolExecutor(1) as thread:
        prefetching = thread.submit(verifier.prefetch)
        assert eventually(lambda: health_of(verifier).refreshing)
        prefetching.result()

    assert not health_of(verifier).refreshing


MANY_KEYS = json.dumps({"keys": [{"kty": "oct"}] * 257})


@pytest.mark.parametrize(
    ("path", "answer", "word"),
    [
        pytest.param("/jwks", {"status": 500}, "bad_status", id="status_500"),
        pytest.param("/jwks", {"status": 404}, "bad_status", id="status_404"),
        pytest.param("/jwks", {"status": 204, "body": b""}, "bad_status", id="status_204"),
        pytest.param("/jwks", {"status": 302, "headers": {"Location": "/elsewhere"}}, "bad_status", id="redirect"),
        pytest.param("/jwks", {"body": "<html>"}, "not_json", id="html"),
        pytest.param("/jwks", {"body": b"\xff\xfe"}, "not_json", id="bytes"),
        pytest.param("/jwks", {"body": b""}, "not_json", id="empty_body"),
        pytest.param("/jwks", {"body": '{"keys": [' * 20}, "not_json", id="cut_off"),
        pytest.param("/jwks", {"body": "[]"}, "not_a_key_set", id="list"),
        pytest.param("/jwks", {"body": "{}"}, "not_a_key_set", id="no_keys_member"),
        pytest.param("/jwks", {"body": '{"keys": {}}'}, "not_a_key_set", id="keys_no_list"),
        pytest.param("/jwks", {"body": MANY_KEYS}, "too_many_keys", id="too_many_keys"),
        pytest.param("/jwks", {"body": b" " * 2_000_000}, "too_large", id="too_large"),
        pytest.param(OPENID, {"status": 500}, "bad_status", id="metadata_status"),
        pytest.param(OPENID, {"body": "no"}, "not_json", id="metadata_no_json"),
        pytest.param(OPENID, {"body": "{}"}, "not_discovery", id="metadata_of_nothing"),
        pytest.param(
            OPENID, {"body": '{"issuer": "https://a.example", "jwks_uri": "https://a.example/jwks"}'},
            "issuer_mismatch", id="metadata_of_another",
        ),
    ],
)  # fmt: skip
def test_given_a_set_at_hand__when_the_next_answer_is_bad__then_it_stays_and_the_reason_is_told(
    own_issuer, events, path, answer, word
):
    verifier = verifier_of(own_issuer, on_event=events.append)
    token = own_issuer.mint()
    verifier.prefetch()

    with own_issuer.respond(path, **answer):
        down(verifier, own_issuer)

    assert verdict(verifier, token) == GOOD
    keys = health_of(verifier)
    assert (keys.state, keys.last_error, keys.fetches) == ("fresh", word, 2)
    assert events == [Event("refresh_failed", own_issuer.issuer, word)]
    assert own_issuer.fetches["/elsewhere"] == 0


def test_given_metadata_that_names_no_url__when_fetched__then_url_refused(own_issuer):
    verifier = verifier_of(own_issuer)
    metadata = json.dumps({"issuer": own_issuer.issuer, "jwks_uri": "file:///etc/passwd"})

    with own_issuer.respond(OPENID, body=metadata):
        assert verdict(verifier, own_issuer.mint()) == "keys_unavailable"

    assert health_of(verifier).last_error == "url_refused"


def test_given_an_issuer_that_hangs__when_its_keys_are_needed__then_all_waiters_share_one_timeout(own_issuer):
    verifier = verifier_of(own_issuer, http=HttpOptions(timeout=0.3, allow_http=True))
    token = own_issuer.mint()

    with own_issuer.respond("/jwks", delay=60), ThreadPoolExecutor(8) as threads:
        verdicts = list(threads.map(lambda _: verdict(verifier, token), range(8)))

    assert verdicts == ["keys_unavailable"] * 8
    assert eventually(lambda: health_of(verifier).last_error) == "timed_out"
    assert own_issuer.fetches["/jwks"] == 1


def test_given_nobody_at_the_door__when_keys_are_needed__then_unreachable():
    with Issuer() as gone:
        verifier, token = verifier_of(gone), gone.mint()

    assert verdict(verifier, token) == "keys_unavailable"
    assert health_of(verifier).last_error == "unreachable"


# Prefetch, refresh, close


def test_given_many_threads__when_they_prefetch_and_verify__then_one_fetch(own_issuer):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()

    def start(number):
        verifier.prefetch()
        return verdict(verifier, token)

    with own_issuer.respond("/jwks", delay=0.2), ThreadPoolExecutor(24) as threads:
        assert list(threads.map(start, range(24))) == [GOOD] * 24

    assert (own_issuer.fetches["/jwks"], health_of(verifier).fetches) == (1, 1)


def test_given_keys_at_hand__when_prefetched_again__then_nobody_is_asked(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.prefetch()

    with own_issuer.outage():
        verifier.prefetch()

    assert health_of(verifier).fetches == 1


def test_given_an_outage__when_prefetched__then_keys_unavailable_and_the_next_try_waits_for_the_back_off(own_issuer):
    verifier = verifier_of(own_issuer)

    with own_issuer.outage():
        with pytest.raises(KeysUnavailable) as unavailable:
            verifier.prefetch()
        asked = own_issuer.fetches
        with pytest.raises(KeysUnavailable):
            verifier.prefetch()

    assert unavailable.value.retry_after >= 1
    assert own_issuer.fetches == asked


def test_given_a_back_off__when_refreshed__then_the_issuer_is_asked_all_the_same(own_issuer):
    verifier = verifier_of(own_issuer)
    with own_issuer.outage(), pytest.raises(KeysUnavailable):
        verifier.prefetch()

    verifier.refresh()

    assert health_of(verifier).state == "fresh"


@pytest.mark.parametrize("is_cold", [True, False], ids=["cold", "warm"])
def test_given_a_verifier__when_refreshed__then_the_issuer_is_asked_once(own_issuer, is_cold):
    verifier = verifier_of(own_issuer)
    if not is_cold:
        verifier.prefetch()
    before = own_issuer.fetches["/jwks"]

    verifier.refresh()

    assert own_issuer.fetches["/jwks"] == before + 1
    assert verdict(verifier, own_issuer.mint()) == GOOD


def test_given_keys_that_never_change__when_prefetched_refreshed_and_closed__then_they_still_serve(own_issuer):
    verifier = Verifier(own_issuer.issuer, own_issuer.audience, jwks=own_issuer.jwks())

    verifier.prefetch()
    verifier.refresh()
    verifier.close()

    assert verdict(verifier, own_issuer.mint()) == GOOD
    assert not own_issuer.fetches


def test_given_an_outage__when_refreshed__then_what_serves_keeps_serving(own_issuer):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()
    verifier.prefetch()

    with own_issuer.outage():
        down(verifier, own_issuer)

        assert verdict(verifier, token) == GOOD
    assert health_of(verifier).state == "fresh"


def test_given_a_closed_verifier__when_cold__then_keys_unavailable_and_nobody_is_asked(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.close()
    verifier.close()

    assert verdict(verifier, own_issuer.mint()) == "keys_unavailable"
    assert asyncio.run(verdict_async(verifier, own_issuer.mint())) == "keys_unavailable"
    with pytest.raises(KeysUnavailable):
        verifier.prefetch()
    with pytest.raises(KeysUnavailable):
        verifier.refresh()
    assert not own_issuer.fetches


def test_given_a_closed_verifier__when_warm__then_keys_serve_out_their_time_and_nobody_is_asked(own_issuer):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=0.2, max_stale=0.3, cooldown=0))
    token = own_issuer.mint()
    verifier.prefetch()
    verifier.close()
    asked = own_issuer.fetches

    verdicts = []
    eventually(lambda: verdicts.append(verdict(verifier, token)) or verdicts[-1] != GOOD)

    assert set(verdicts) == {GOOD, "keys_unavailable"}
    assert own_issuer.fetches == asked


def test_given_a_fetch_under_way__when_closed__then_who_waits_is_answered(own_issuer):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()

    with own_issuer.respond("/jwks", delay=0.3), ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(verdict, verifier, token)
        eventually(lambda: health_of(verifier).refreshing)
        verifier.close()

        assert waiting.result() in (GOOD, "keys_unavailable")


# Time


def test_given_keys_in_use__when_most_of_their_ttl_has_passed__then_they_are_renewed_while_they_serve(own_issuer):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=2.0))

    assert served_until_renewed(verifier, own_issuer) > 0
    assert health_of(verifier).state == "fresh"


def test_given_keys_that_nobody_uses__when_their_ttl_passes_again_and_again__then_the_issuer_is_left_alone(own_issuer):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=0.05))
    verifier.prefetch()

    time.sleep(1.0)

    assert own_issuer.fetches["/jwks"] <= 7  # of the 20 that refreshing on and on would take


def test_given_keys_past_their_ttl_unused__when_a_token_comes__then_it_is_judged_by_new_ones(own_issuer):
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
    pytest.param({"Cache-Control": "max-age=0, no-store"}, 60, id="zero"),
    pytest.param({"Cache-Control": "max-age=86400"}, 3600, id="too_long"),
    pytest.param({"Cache-Control": "max-age=99999999999999999999"}, 3600, id="huge"),
    pytest.param({"Cache-Control": "max-age=-5"}, 900, id="negative"),
    pytest.param({"Cache-Control": "max-age=soon"}, 900, id="no_number"),
    pytest.param({"Cache-Control": "no-cache"}, 900, id="no_cache"),
]


@pytest.mark.parametrize(("headers", "ttl"), CACHING)
def test_given_cache_headers__when_fetched__then_the_next_refresh_follows_them_within_bounds(own_issuer, headers, ttl):
    verifier = verifier_of(own_issuer)

    with own_issuer.respond("/jwks", headers=headers):
        verifier.prefetch()

    keys = health_of(verifier)
    assert 0.75 * ttl - 0.1 <= keys.age + keys.next_refresh <= 0.8 * ttl + 0.1


def test_given_a_document_with_versions__when_it_is_due_again__then_only_a_newer_one_is_asked_for(own_issuer, events):
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


def test_given_an_issuer_that_says_not_modified_unasked__when_cold__then_that_is_a_failure(own_issuer):
    with RecordingServer(lambda asked: Answer(304)) as server:
        verifier = verifier_of(own_issuer, jwks_uri=f"http://127.0.0.1:{server.server_port}/jwks")

        assert verdict(verifier, own_issuer.mint()) == "keys_unavailable"

    assert health_of(verifier).last_error == "bad_status"


# Rotation and unknown keys


def test_given_a_new_key__when_its_first_token_comes__then_it_is_fetched_and_the_old_key_serves_on(own_issuer, events):
    verifier = verifier_of(own_issuer, on_event=events.append)
    old = own_issuer.mint()
    verifier.prefetch()
    own_issuer.rotate()

    assert verdict(verifier, own_issuer.mint()) == GOOD
    assert verdict(verifier, old) == GOOD
    assert events == [Event("keys_changed", own_issuer.issuer, None)]
    assert own_issuer.fetches["/jwks"] == 2


@pytest.mark.parametrize("ask", ["refresh", "unknown_key"])
def test_given_a_withdrawn_key__when_the_set_is_fetched_next__then_its_tokens_die(own_issuer, ask):
    verifier = verifier_of(own_issuer)
    withdrawn = own_issuer.mint()
    assert verdict(verifier, withdrawn) == GOOD
    own_issuer.rotate(keep=False)

    if ask == "refresh":
        verifier.refresh()
    else:
        assert verdict(verifier, own_issuer.mint()) == GOOD

    assert verdict(verifier, withdrawn) == "unknown_key"


def test_given_a_set_of_no_key__when_fetched__then_every_key_is_withdrawn(own_issuer):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()
    verifier.prefetch()

    with own_issuer.respond("/jwks", body='{"keys": []}'):
        verifier.refresh()
        assert verdict(verifier, token) == "unknown_key"

    verifier.refresh()
    assert verdict(verifier, token) == GOOD


def test_given_a_flood_of_unknown_keys__when_judged__then_one_fetch_and_known_keys_serve_and_it_is_told_once(
    own_issuer, events, caplog
):
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


def test_given_a_key_asked_for_too_early__when_it_is_published_and_fetched__then_it_serves_at_once(own_issuer):
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


def test_given_an_unknown_key__when_the_issuer_is_asked__then_caches_on_the_way_are_passed_by(own_issuer):
    with RecordingServer(lambda asked: Answer(200, {}, json.dumps(own_issuer.jwks()).encode())) as server:
        verifier = verifier_of(own_issuer, jwks_uri=f"http://127.0.0.1:{server.server_port}/jwks")
        verifier.prefetch()

        assert verdict(verifier, own_issuer.mint(headers=UNKNOWN)) == "unknown_key"

        assert [asked.headers["Cache-Control"] for asked in server.asked] == [None, "no-cache"]


def ask_flask(verifier, headers):
    app = Flask(__name__)
    app.get("/")(AuthExtension(verifier).require()(lambda: "ok"))
    answer = app.test_client().get("/", headers=headers)
    return answer.status_code, answer.headers.get("Retry-After"), answer.headers.get("WWW-Authenticate")


def ask_fastapi(verifier, headers):
    app = FastAPI()
    app.get("/", dependencies=[Depends(FastApiAuth(verifier).require())])(lambda: "ok")
    answer = TestClient(app).get("/", headers=headers)
    return answer.status_code, answer.headers.get("Retry-After"), answer.headers.get("WWW-Authenticate")


def ask_strawberry(verifier, headers):
    @strawberry.type
    class Query:
        name: str | None = strawberry.field(
            resolver=lambda: "ok", permission_classes=[StrawberryAuth(verifier).require()]
        )

    app = Flask(__name__)
    view = GraphQLView.as_view("graphql", schema=strawberry.Schema(Query))
    app.add_url_rule("/", view_func=view)
    answer = app.test_client().post("/", json={"query": "{ name }"}, headers=headers)
    if "errors" not in answer.json:
        return answer.status_code, None, None
    http = answer.json["errors"][0]["extensions"]["http"]
    return http["status"], http["headers"].get("Retry-After"), http["headers"].get("WWW-Authenticate")


@pytest.mark.parametrize("ask", [ask_flask, ask_fastapi, ask_strawberry])
def test_given_an_outage__when_a_token_of_an_unknown_key_comes__then_503_never_401_and_known_ones_pass(own_issuer, ask):
    verifier = verifier_of(own_issuer, keys=KeyOptions(cooldown=0))
    known = {"Authorization": f"Bearer {own_issuer.mint()}"}
    verifier.prefetch()
    own_issuer.rotate()
    unknown = {"Authorization": f"Bearer {own_issuer.mint()}"}

    with own_issuer.outage():
        for _ in range(3):
            status, retry_after, challenge = ask(verifier, unknown)
            assert (status, challenge) == (503, None)
            assert int(retry_after) >= 1
            assert ask(verifier, known)[0] == 200

    statuses = []
    eventually(lambda: statuses.append(ask(verifier, unknown)[0]) or statuses[-1] == 200)
    assert set(statuses) <= {200, 503}


def test_given_an_outage__when_a_token_is_refused_for_itself__then_401_as_ever(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.prefetch()

    with own_issuer.outage():
        down(verifier, own_issuer)

        assert verdict(verifier, own_issuer.mint(lifetime=-3600)) == "expired"
        assert verdict(verifier, own_issuer.mint(key=own_issuer.impostor())) == "bad_signature"


# Events


def test_given_two_outages__when_they_pass__then_each_is_told_with_the_right_level(own_issuer, events, caplog):
    caplog.set_level(logging.DEBUG, "authjwks")
    verifier = verifier_of(own_issuer, on_event=events.append)
    verifier.prefetch()

    with own_issuer.outage():
        down(verifier, own_issuer)
        down(verifier, own_issuer)
    own_issuer.rotate()
    verifier.refresh()
    verifier.refresh()
    with own_issuer.respond("/jwks", body="[]"):
        down(verifier, own_issuer)

    told = [(record.name, record.levelno, record.getMessage()) for record in caplog.records]
    assert events == [
        Event("refresh_failed", own_issuer.issuer, "bad_status"),
        Event("refresh_failed", own_issuer.issuer, "bad_status"),
        Event("recovered", own_issuer.issuer, None),
        Event("keys_changed", own_issuer.issuer, None),
        Event("refresh_failed", own_issuer.issuer, "not_a_key_set"),
    ]
    assert told == [
        ("authjwks", logging.WARNING, f"{own_issuer.issuer}: refresh_failed (bad_status)"),
        ("authjwks", logging.DEBUG, f"{own_issuer.issuer}: refresh_failed (bad_status)"),
        ("authjwks", logging.INFO, f"{own_issuer.issuer}: recovered"),
        ("authjwks", logging.INFO, f"{own_issuer.issuer}: keys_changed"),
        ("authjwks", logging.WARNING, f"{own_issuer.issuer}: refresh_failed (not_a_key_set)"),
    ]


def test_given_keys_that_begin_to_serve_stale__when_used__then_that_is_told_once(own_issuer, events, caplog):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=0.05), on_event=events.append)
    token = own_issuer.mint()
    verifier.prefetch()

    with own_issuer.outage():
        eventually(lambda: verdict(verifier, token) == GOOD and "stale_served" in kinds(events))
        assert [verdict(verifier, token) for _ in range(20)] == [GOOD] * 20

    assert kinds(events).count("stale_served") == 1
    stale = [record for record in caplog.records if "stale_served" in record.getMessage()]
    assert [record.levelno for record in stale] == [logging.WARNING]


def test_given_events__when_nobody_verifies__then_health_tells_them(own_issuer, events):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=0.1), on_event=events.append)
    verifier.prefetch()

    with own_issuer.outage():
        eventually(lambda: verifier.health() and "refresh_failed" in kinds(events))


def test_given_a_handler_that_asks_back__when_told__then_it_gets_its_answer(own_issuer):
    states = []
    verifier = verifier_of(own_issuer, on_event=lambda event: states.append(health_of(verifier).state))
    verifier.prefetch()
    own_issuer.rotate()

    verifier.refresh()

    assert states == ["fresh"]


@pytest.fixture
def complaints(monkeypatch, caplog):
    """Errors that went to `sys.unraisablehook` or to a log."""
    unraisable = []
    monkeypatch.setattr(sys, "unraisablehook", lambda raised: unraisable.append(raised.exc_type))
    return lambda: unraisable + [record.exc_info[0] for record in caplog.records if record.exc_info]


def failing_handler(told):
    def handler(event):
        told.append(event.kind)
        raise LookupError("the handler is broken")

    return handler


def test_given_a_handler_that_raises__when_told_by_a_verdict__then_the_verdict_stands(own_issuer, complaints):
    told = []
    verifier = verifier_of(own_issuer, keys=KeyOptions(cooldown=0), on_event=failing_handler(told))
    verifier.prefetch()
    own_issuer.rotate()

    assert verdict(verifier, own_issuer.mint()) == GOOD
    with own_issuer.outage():
        assert verdict(verifier, own_issuer.mint(headers=UNKNOWN)) == "keys_unavailable"

    assert told == ["keys_changed", "refresh_failed"]
    assert complaints() == [LookupError, LookupError]


def test_given_a_handler_that_raises__when_several_events_are_told__then_each_is_told_and_logged(
    own_issuer, complaints, caplog
):
    caplog.set_level(logging.INFO, "authjwks")
    told = []
    verifier = verifier_of(own_issuer, keys=KeyOptions(cooldown=0), on_event=failing_handler(told))
    verifier.prefetch()
    with own_issuer.outage():
        assert verdict(verifier, own_issuer.mint(headers=UNKNOWN)) == "keys_unavailable"
    own_issuer.rotate()
    token = own_issuer.mint()
    eventually(lambda: verdict(verifier, token) == GOOD)

    assert told[-2:] == ["recovered", "keys_changed"]
    assert complaints() == [LookupError] * len(told)
    logged = [record.getMessage() for record in caplog.records if not record.exc_info]
    assert logged[-2:] == [f"{own_issuer.issuer}: recovered", f"{own_issuer.issuer}: keys_changed"]


def test_given_a_handler_that_raises__when_health_or_refresh_tell__then_their_answer_stands(own_issuer, complaints):
    verifier = verifier_of(own_issuer, on_event=failing_handler([]))
    verifier.prefetch()

    with own_issuer.outage():
        down(verifier, own_issuer)
    own_issuer.rotate()
    verifier.refresh()

    assert verifier.health().ready
    assert set(complaints()) == {LookupError}


async def awaited_by_nobody(event):
    """What a service in asyncio might hand over by mistake."""


@pytest.mark.parametrize(
    "handler",
    [pytest.param(5, id="number"), pytest.param("log", id="str"), pytest.param(awaited_by_nobody, id="coroutine")],
)
def test_given_a_handler_that_cannot_be_called__when_made__then_config_error(handler):
    with pytest.raises(ConfigError, match="on_event"):
        Verifier("https://issuer.example", "https://api.example", on_event=handler)


def test_given_an_outage__when_errors_and_events_are_shown__then_they_hold_no_text_of_token_or_answer(
    own_issuer, caplog
):
    caplog.set_level(logging.DEBUG)
    told = []
    verifier = verifier_of(own_issuer, on_event=told.append)
    verifier.prefetch()

    with own_issuer.respond("/jwks", 500, body="a remote secret"):
        with pytest.raises(KeysUnavailable) as unavailable:
            verifier.verify(own_issuer.mint(headers={"kid": "a token's secret"}))
        down(verifier, own_issuer)
    with pytest.raises(InvalidToken) as refused:
        verifier.verify(own_issuer.mint(lifetime=-3600, sub="a token's secret"))

    shown = f"{unavailable.value!r} {refused.value!r} {told} {caplog.text} {verifier.health()}"
    assert "secret" not in shown
    assert str(unavailable.value) in {row[2] for row in _core.ERRORS}
