"""What is told of keys by events and logs, and by handlers that fail."""

import json
import logging
import sys

import pytest
from tests.support.key_life import UNKNOWN, kinds, notice_outage
from tests.support.verdicts import GOOD, verdict
from tests.support.verifiers import OPENID, health_of, verifier_of
from tests.support.waiting import eventually

from authjwks import ConfigError, Event, InvalidToken, KeyOptions, KeysUnavailable, Verifier, _core


def test_events_and_log_levels_of_two_outages(own_issuer, events, caplog):
    caplog.set_level(logging.DEBUG, "authjwks")
    verifier = verifier_of(own_issuer, on_event=events.append)
    verifier.prefetch()

    with own_issuer.outage():
        notice_outage(verifier)
        notice_outage(verifier)
    own_issuer.rotate()
    verifier.refresh()
    verifier.refresh()
    with own_issuer.respond("/jwks", body="[]"):
        notice_outage(verifier)

    server_error = "could not be sent: the server reports an error of its own (server_error, HTTP 503)"
    no_key_set = "is not a JSON Web Key Set (not_a_key_set)"
    down = f"refresh_failed: The issuer's metadata at {own_issuer.issuer + OPENID} {server_error}."
    assert [(event.kind, event.error and event.error.code) for event in events] == [
        ("refresh_failed", "server_error"),
        ("refresh_failed", "server_error"),
        ("recovered", None),
        ("keys_changed", None),
        ("refresh_failed", "not_a_key_set"),
    ]
    expected = [
        (logging.WARNING, down),
        (logging.DEBUG, down),
        (logging.INFO, "recovered: the issuer answers again"),
        (logging.INFO, "keys_changed: the issuer has published another key set"),
        (logging.WARNING, f"refresh_failed: The key set at {own_issuer.jwks_uri} {no_key_set}."),
    ]
    for record, (level, begin) in zip(caplog.records, expected, strict=True):
        assert (record.name, record.levelno) == ("authjwks", level)
        assert record.getMessage().startswith(f"{own_issuer.issuer}: {begin}")


def test_each_different_reason_of_one_outage_is_a_warning_of_its_own(own_issuer, caplog):
    verifier = verifier_of(own_issuer)
    verifier.prefetch()

    for answer in ({"status": 503}, {"status": 404}, {"status": 503}, {"body": "<html>"}, {"status": 404}):
        with own_issuer.respond("/jwks", **answer):
            notice_outage(verifier)

    assert [record.args[2].code for record in caplog.records] == ["server_error", "not_found", "not_json"]


def test_failed_prefetch_names_the_reason_and_is_told_and_logged(own_issuer, events, caplog):
    verifier = verifier_of(own_issuer, on_event=events.append)

    with own_issuer.respond(OPENID, 403), pytest.raises(KeysUnavailable) as unavailable:
        verifier.prefetch()

    failure = unavailable.value.failure
    assert (failure.code, failure.stage, failure.status) == ("access_denied", "discovery", 403)
    assert failure.url == own_issuer.issuer + OPENID
    assert str(failure) == str(unavailable.value.__cause__)
    assert "issuer" not in str(unavailable.value).replace("The issuer's keys", "")
    assert events == [Event("refresh_failed", own_issuer.issuer, failure)]
    assert str(failure) in caplog.text


def test_issuer_found_in_metadata_is_shown_escaped_and_short(own_issuer, caplog):
    verifier = verifier_of(own_issuer)
    metadata = json.dumps({"issuer": "https://evil\n\x1b[31m\u202e" + "x" * 500, "jwks_uri": own_issuer.jwks_uri})

    with own_issuer.respond(OPENID, body=metadata), pytest.raises(KeysUnavailable) as unavailable:
        verifier.prefetch()

    cause = unavailable.value.failure.cause
    assert "\\x0a" in cause
    assert cause.isascii()
    assert cause.isprintable()
    assert len(cause) < 230
    with pytest.raises(KeysUnavailable) as refused:
        verifier.verify(own_issuer.mint())
    assert "evil" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        pytest.param(lambda issuer: issuer + "/", "with a slash", id="with_a_slash"),
        pytest.param(lambda issuer: issuer.replace("127.0.0.1", "127.0.0.1/{tenantid}"), "all tenants", id="common"),
        pytest.param(str.upper, "capitals", id="capitals"),
        pytest.param(lambda issuer: issuer.replace("http:", "https:"), "scheme", id="scheme"),
        pytest.param(lambda issuer: issuer + "/realms/other", "realm or tenant", id="realm"),
        pytest.param(lambda issuer: "https://other.example", "exactly the text", id="another"),
    ],
)
def test_log_says_how_the_issuer_found_differs_from_the_one_configured(own_issuer, caplog, change, hint):
    verifier = verifier_of(own_issuer)
    found = change(own_issuer.issuer)
    metadata = json.dumps({"issuer": found, "jwks_uri": own_issuer.jwks_uri})

    with own_issuer.respond(OPENID, body=metadata), pytest.raises(KeysUnavailable):
        verifier.prefetch()

    assert f'it names "{found}"' in caplog.text
    assert hint in caplog.text


def test_first_stale_use_is_reported_once(own_issuer, events, caplog):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=0.05), on_event=events.append)
    token = own_issuer.mint()
    verifier.prefetch()

    with own_issuer.outage():
        eventually(lambda: verdict(verifier, token) == GOOD and "stale_served" in kinds(events))
        assert [verdict(verifier, token) for _ in range(20)] == [GOOD] * 20

    assert kinds(events).count("stale_served") == 1
    stale = [record for record in caplog.records if "stale_served" in record.getMessage()]
    assert [record.levelno for record in stale] == [logging.WARNING]


def test_health_reports_events_when_nobody_verifies(own_issuer, events):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=0.1), on_event=events.append)
    verifier.prefetch()

    with own_issuer.outage():
        eventually(lambda: verifier.health() and "refresh_failed" in kinds(events))


def test_handler_may_ask_the_verifier_for_its_health(own_issuer):
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


def test_handler_that_raises_does_not_change_the_verdict(own_issuer, complaints):
    told = []
    verifier = verifier_of(own_issuer, keys=KeyOptions(cooldown=0), on_event=failing_handler(told))
    verifier.prefetch()
    own_issuer.rotate()

    assert verdict(verifier, own_issuer.mint()) == GOOD
    with own_issuer.outage():
        assert verdict(verifier, own_issuer.mint(headers=UNKNOWN)) == "keys_unavailable"

    assert told == ["keys_changed", "refresh_failed"]
    assert complaints() == [LookupError, LookupError]


@pytest.mark.slow
def test_handler_that_raises_is_still_called_for_every_event(own_issuer, complaints, caplog):
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
    assert [line.split(": ")[1] for line in logged[-2:]] == ["recovered", "keys_changed"]


def test_handler_that_raises_does_not_disturb_health_or_refresh(own_issuer, complaints):
    verifier = verifier_of(own_issuer, on_event=failing_handler([]))
    verifier.prefetch()

    with own_issuer.outage():
        notice_outage(verifier)
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
def test_handler_that_cannot_be_called_is_a_config_error(handler):
    with pytest.raises(ConfigError, match="on_event"):
        Verifier("https://issuer.example", "https://api.example", on_event=handler)


def test_errors_events_and_logs_contain_no_text_of_tokens_or_answers(own_issuer, caplog):
    caplog.set_level(logging.DEBUG)
    told = []
    verifier = verifier_of(own_issuer, on_event=told.append)
    verifier.prefetch()

    with own_issuer.respond("/jwks", 500, body="a remote secret"):
        with pytest.raises(KeysUnavailable) as unavailable:
            verifier.verify(own_issuer.mint(headers={"kid": "a token's secret"}))
        notice_outage(verifier)
    with pytest.raises(InvalidToken) as refused:
        verifier.verify(own_issuer.mint(lifetime=-3600, sub="a token's secret"))

    shown = f"{unavailable.value!r} {refused.value!r} {told} {caplog.text} {verifier.health()}"
    assert "secret" not in shown
    assert str(unavailable.value) in {row[2] for row in _core.ERRORS}
