"""Verdicts are passed to every listener, once each, and change nothing."""

import asyncio
import sys

import pytest
from tests.support.verdicts import GOOD, verdict, verdict_async
from tests.support.verifiers import verifier_of

from authjwks import ConfigError, Verdict


def test_every_verdict_is_passed_on_once(issuer):
    seen: list[Verdict] = []
    verifier = verifier_of(issuer, on_verdict=seen.append)
    good, expired = issuer.mint(), issuer.mint(lifetime=-3600)

    for token in (good, good, expired, "a.b.c", ""):
        verdict(verifier, token)

    assert seen == [
        Verdict(None, issuer.issuer, from_cache=False),
        Verdict(None, issuer.issuer, from_cache=True),
        Verdict("expired", issuer.issuer, from_cache=False),
        Verdict("malformed", "", from_cache=False),
        Verdict("missing_token", "", from_cache=False),
    ]


def test_a_verdict_that_is_waited_for_is_passed_on_once(own_issuer):
    seen: list[Verdict] = []
    verifier = verifier_of(own_issuer, on_verdict=seen.append)

    assert asyncio.run(verdict_async(verifier, own_issuer.mint())) == GOOD

    assert seen == [Verdict(None, own_issuer.issuer, from_cache=False)]


def test_an_outage_is_a_verdict(own_issuer):
    seen: list[Verdict] = []
    verifier = verifier_of(own_issuer, on_verdict=seen.append)

    with own_issuer.outage():
        verdict(verifier, own_issuer.mint())

    assert seen == [Verdict("keys_unavailable", own_issuer.issuer, from_cache=False)]


def test_a_failing_listener_is_logged_and_keeps_no_other_from_its_call(issuer, caplog):
    seen: list[Verdict] = []

    def failing(verdict):
        raise LookupError("no metrics")

    verifier = verifier_of(issuer, on_verdict=[failing, seen.append])

    assert verdict(verifier, issuer.mint()) == GOOD
    assert len(seen) == 1
    assert "LookupError: no metrics" in caplog.text


def test_made_up_issuer_is_not_named(issuer):
    seen: list[Verdict] = []
    template = f"{issuer.issuer}/{{tenant}}"
    verifier = verifier_of(issuer, issuer=template, on_verdict=seen.append)

    verdict(verifier, issuer.mint(iss=f"{issuer.issuer}/made-up"))
    verdict(verifier, issuer.mint(iss="https://made-up.example"))

    assert [(verdict.code, verdict.issuer) for verdict in seen] == [
        ("keys_unavailable", template),
        ("wrong_issuer", ""),
    ]


def test_no_text_of_a_token_is_passed_on(issuer):
    seen: list[Verdict] = []
    verifier = verifier_of(issuer, on_verdict=seen.append)
    token = issuer.mint(iss="https://secret.example")

    verdict(verifier, token)

    assert "secret" not in repr(seen)
    assert token not in repr(seen)


async def never_awaited(verdict):
    pass


@pytest.mark.parametrize("listener", [5, "print", never_awaited, [print, None]], ids=repr)
@pytest.mark.parametrize("option", ["on_verdict", "on_event"])
def test_listener_that_cannot_be_called_is_a_config_error(issuer, option, listener):
    with pytest.raises(ConfigError, match=option):
        verifier_of(issuer, **{option: listener})


def test_several_event_listeners_are_called_in_their_order(own_issuer, caplog):
    seen: list[object] = []

    def failing(event):
        seen.append("failing")
        raise LookupError("no alarm")

    verifier = verifier_of(own_issuer, on_event=[failing, seen.append])
    with own_issuer.outage():
        verdict(verifier, own_issuer.mint())

    assert [getattr(entry, "kind", entry) for entry in seen] == ["failing", "refresh_failed"]
    assert "LookupError: no alarm" in caplog.text


def test_verifier_with_listeners_is_freed(own_issuer):
    kept = sys.getrefcount(own_issuer)

    verifier_of(own_issuer, on_verdict=lambda verdict: own_issuer)

    assert sys.getrefcount(own_issuer) == kept
