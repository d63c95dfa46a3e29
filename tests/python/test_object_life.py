"""Verifiers and the objects that hold them end when nobody uses them any more."""

import gc
import json
import weakref

import pytest
from tests.support.verdicts import GOOD, verdict

from authjwks import HttpOptions, Verifier


class Service:
    """Holds a verifier that refers to a method of it."""

    def __init__(self, issuer, option):
        self.issuer = issuer
        named = issuer.issuer if option != "issuer" else self.issuer_method
        options = {} if option == "issuer" else {option: getattr(self, f"{option}_method")}
        self.verifier = Verifier(named, issuer.audience, http=HttpOptions(allow_http=True), **options)

    def on_event_method(self, event):
        pass

    def fetch_method(self, url, headers, timeout):
        metadata = {"issuer": self.issuer.issuer, "jwks_uri": f"{self.issuer.issuer}/jwks"}
        return 200, {}, json.dumps(self.issuer.jwks() if url.endswith("/jwks") else metadata).encode()

    def issuer_method(self, name):
        return name == self.issuer.issuer


@pytest.mark.parametrize("is_used", [False, True], ids=["cold", "used"])
@pytest.mark.parametrize("option", ["on_event", "fetch", "issuer"])
def test_object_whose_method_the_verifier_calls_can_be_freed(issuer, option, is_used):
    services = [Service(issuer, option) for _ in range(3)]
    if is_used:
        assert {verdict(service.verifier, issuer.mint()) for service in services} == {GOOD}
        assert all(service.verifier.health().ready for service in services)
    ends = [weakref.ref(service) for service in services]

    del services
    gc.collect()

    assert [end() for end in ends] == [None] * 3


@pytest.mark.parametrize("option", ["on_event", "fetch"])
def test_method_given_to_a_verifier_keeps_its_object_alive(issuer, option):
    class Recorder:
        def __init__(self):
            self.calls = []

        def on_event(self, event):
            self.calls.append(event.kind)

        def fetch(self, url, headers, timeout):
            self.calls.append(url)
            return 500, {}, b""

    recorder = Recorder()
    calls = recorder.calls
    options = {option: getattr(recorder, option)}
    verifier = Verifier(issuer.issuer, "api", http=HttpOptions(allow_http=True, connect_timeout=0.2), **options)
    del recorder
    gc.collect()

    with issuer.respond("*", status=500):
        assert verdict(verifier, issuer.mint()) == "keys_unavailable"

    assert calls
