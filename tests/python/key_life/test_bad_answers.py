"""Answers that are no key set: what was at hand serves on, and health tells the reason."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.key_life import notice_outage
from tests.support.verdicts import GOOD, verdict
from tests.support.verifiers import OPENID, failure_code_of, health_of, verifier_of
from tests.support.waiting import eventually

from authjwks import HttpOptions
from authjwks.testing import Issuer

MANY_KEYS = json.dumps({"keys": [{"kty": "oct"}] * 257})


@pytest.mark.parametrize(
    ("path", "answer", "word"),
    [
        pytest.param("/jwks", {"status": 500}, "server_error", id="status_500"),
        pytest.param("/jwks", {"status": 404}, "not_found", id="status_404"),
        pytest.param("/jwks", {"status": 204, "body": b""}, "bad_status", id="status_204"),
        pytest.param("/jwks", {"status": 302, "headers": {"Location": "/elsewhere"}}, "redirected", id="redirect"),
        pytest.param("/jwks", {"body": "<html>"}, "not_json", id="html"),
        pytest.param("/jwks", {"body": b"\xff\xfe"}, "not_json", id="bytes"),
        pytest.param("/jwks", {"body": b""}, "not_json", id="empty_body"),
        pytest.param("/jwks", {"body": '{"keys": [' * 20}, "not_json", id="cut_off"),
        pytest.param("/jwks", {"body": "[]"}, "not_a_key_set", id="list"),
        pytest.param("/jwks", {"body": "{}"}, "not_a_key_set", id="no_keys_member"),
        pytest.param("/jwks", {"body": '{"keys": {}}'}, "not_a_key_set", id="keys_no_list"),
        pytest.param("/jwks", {"body": '{"keys": []}'}, "no_usable_keys", id="empty_set"),
        pytest.param("/jwks", {"body": '{"keys": [{"kty": "oct"}, 5]}'}, "no_usable_keys", id="no_usable_key"),
        pytest.param("/jwks", {"body": MANY_KEYS}, "too_many_keys", id="too_many_keys"),
        pytest.param("/jwks", {"body": b" " * 2_000_000}, "too_large", id="too_large"),
        pytest.param(OPENID, {"status": 500}, "server_error", id="metadata_status"),
        pytest.param(OPENID, {"body": "no"}, "not_json", id="metadata_no_json"),
        pytest.param(OPENID, {"body": "{}"}, "not_discovery", id="metadata_of_nothing"),
        pytest.param(
            OPENID, {"body": '{"issuer": "https://a.example", "jwks_uri": "https://a.example/jwks"}'},
            "issuer_mismatch", id="metadata_of_another",
        ),
    ],
)  # fmt: skip
def test_bad_answer_leaves_the_keys_in_place_and_health_names_the_reason(own_issuer, events, path, answer, word):
    verifier = verifier_of(own_issuer, on_event=events.append)
    token = own_issuer.mint()
    verifier.prefetch()

    with own_issuer.respond(path, **answer):
        notice_outage(verifier)

    assert verdict(verifier, token) == GOOD
    keys = health_of(verifier)
    assert (keys.state, keys.last_error.code, keys.fetches) == ("fresh", word, 2)
    assert [(event.kind, event.issuer, event.error.code) for event in events] == [
        ("refresh_failed", own_issuer.issuer, word)
    ]
    assert own_issuer.fetches["/elsewhere"] == 0


def test_metadata_with_a_file_url_for_keys_is_refused(own_issuer):
    verifier = verifier_of(own_issuer)
    metadata = json.dumps({"issuer": own_issuer.issuer, "jwks_uri": "file:///etc/passwd"})

    with own_issuer.respond(OPENID, body=metadata):
        assert verdict(verifier, own_issuer.mint()) == "keys_unavailable"

    assert failure_code_of(verifier) == "url_refused"


@pytest.mark.slow
def test_hanging_issuer_costs_all_waiters_one_timeout_together(own_issuer):
    verifier = verifier_of(own_issuer, http=HttpOptions(timeout=0.3, allow_http=True))
    token = own_issuer.mint()

    with own_issuer.respond("/jwks", delay=60), ThreadPoolExecutor(8) as threads:
        verdicts = list(threads.map(lambda _: verdict(verifier, token), range(8)))

    assert verdicts == ["keys_unavailable"] * 8
    assert eventually(lambda: failure_code_of(verifier)) == "timed_out"
    assert own_issuer.fetches["/jwks"] == 1


def test_closed_port_is_reported_as_unreachable():
    with Issuer() as gone:
        verifier, token = verifier_of(gone), gone.mint()

    assert verdict(verifier, token) == "keys_unavailable"
    assert failure_code_of(verifier) == "connection_refused"
