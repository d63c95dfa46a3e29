"""An issuer that stays away: good tokens pass while the keys at hand may serve, and it is asked ever more rarely."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from tests.faults.crew import at_once, verdict
from tests.faults.fault import Fault
from tests.faults.faulty_server import FaultyServer
from tests.faults.tokens import mint, new_key
from tests.servers.relay import Relay

from authjwks import Event, KeyOptions

TTL, MAX_STALE = 1.0, 4.0
SLACK = 2.0  # for a machine that is busy
STOPPED_SECONDS = 60.0
LONGEST_BACK_OFF = 10.0


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.SLOW_HEADERS, Fault.SERVER_ERROR], ids=lambda fault: fault.name)
def test_outage_refuses_no_token_before_max_stale_has_passed(server: FaultyServer, make_verifier, fault):
    key = new_key("only")
    server.publish(key)
    token = mint(key)
    events: list[Event] = []
    keys = KeyOptions(ttl=TTL, max_stale=MAX_STALE)
    verifier = make_verifier(keys=keys, timeout=0.5, on_event=events.append)
    verifier.verify(token)
    server.fail(fault)
    served_from = time.monotonic()

    def keep_verifying(_: int) -> list[tuple[float, float, str]]:
        calls = []
        while (began := time.monotonic()) < served_from + TTL + MAX_STALE + 2 * SLACK:
            outcome = verdict(verifier, token)
            calls.append((began - served_from, time.monotonic() - served_from, outcome))
            time.sleep(0.02)
        return calls

    calls = [call for calls in at_once(4, keep_verifying) for call in calls]

    # What the issuer answered before the fault began serves for at least this long, up to the moment it was heard.
    in_time = [outcome for _, ended, outcome in calls if ended < TTL + MAX_STALE - TTL * 0.2]
    too_late = [outcome for began, _, outcome in calls if began > TTL + MAX_STALE + SLACK]
    assert Counter(in_time).keys() == {"accepted"}
    assert Counter(too_late).keys() == {"keys_unavailable"}
    assert [event.kind for event in events].count("stale_served") == 1

    server.fail(None)
    healed = time.monotonic()
    while verdict(verifier, token) != "accepted":
        assert time.monotonic() < healed + 30.0
        time.sleep(0.05)
    assert [event.kind for event in events][-1] == "recovered"


def test_keys_that_may_not_be_stale_do_not_outlive_their_ttl_in_an_outage(server: FaultyServer, make_verifier):
    key = new_key("only")
    server.publish(key)
    verifier = make_verifier(keys=KeyOptions(ttl=TTL, max_stale=0.0))
    verifier.verify(mint(key))
    server.fail(Fault.SERVER_ERROR)
    time.sleep(TTL + 0.5)

    assert verdict(verifier, mint(key)) == "keys_unavailable"


def test_outage_at_the_start_is_asked_about_by_the_back_off_alone(server: FaultyServer, make_verifier):
    token = mint(new_key("never seen"))
    verifier = make_verifier()
    server.fail(Fault.SERVER_ERROR)
    ends = time.monotonic() + 8.0

    def keep_verifying(_: int) -> set[str]:
        verdicts = set()
        while time.monotonic() < ends:
            verdicts.add(verdict(verifier, token))
            time.sleep(0.01)
        return verdicts

    verdicts = set().union(*at_once(24, keep_verifying))

    # Back-offs of half a second, and then of a fifth of the outage, each shorter by up to a half.
    assert verdicts == {"keys_unavailable"}
    assert 8 <= server.fetches() <= 25


def test_outage_with_a_new_key_is_asked_about_by_the_back_off_alone(server: FaultyServer, make_verifier):
    old, new = new_key("old"), new_key("new")
    server.publish(old)
    verifier = make_verifier()
    verifier.verify(mint(old))
    server.fail(Fault.SERVER_ERROR)
    began, token = time.monotonic(), mint(new)

    def keep_verifying(_: int) -> set[str]:
        verdicts = set()
        while time.monotonic() < began + 8.0:
            verdicts.add(verdict(verifier, token))
            time.sleep(0.01)
        return verdicts

    verdicts = set().union(*at_once(24, keep_verifying))

    assert verdicts == {"keys_unavailable"}
    assert 8 <= server.fetches(since=began) <= 25


@pytest.mark.parametrize("state", ["warm", "cold"])
def test_process_that_is_stopped_for_a_minute_costs_no_known_token(server: FaultyServer, make_verifier, state):
    key, new = new_key("old"), new_key("new")
    server.publish(key)
    server.serve_metadata()
    with Relay(server.port) as relay:
        issuer = f"https://127.0.0.1:{relay.port}"
        metadata = {"issuer": issuer, "jwks_uri": f"{issuer}/jwks"}
        server.serve("/.well-known/openid-configuration", metadata)
        verifier = make_verifier(issuer, timeout=1.0)
        known, unknown = mint(key, iss=issuer), mint(new, iss=issuer)
        if state == "warm":
            verifier.verify(known)
        relay.stop()
        server.publish(key, new)
        ends = time.monotonic() + STOPPED_SECONDS
        verdicts: dict[str, set[str]] = {"known": set(), "unknown": set()}
        while time.monotonic() < ends:
            verdicts["known"].add(verdict(verifier, known))
            verdicts["unknown"].add(verdict(verifier, unknown))
            time.sleep(0.05)
        relay.go_on()
        healed = time.monotonic()
        while verdict(verifier, unknown) != "accepted":
            assert time.monotonic() < healed + LONGEST_BACK_OFF + SLACK
            time.sleep(0.05)

    assert verdicts == {
        "known": {"accepted" if state == "warm" else "keys_unavailable"},
        "unknown": {"keys_unavailable"},
    }
