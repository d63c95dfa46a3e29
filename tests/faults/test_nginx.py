"""A real web server in front of the keys: revalidation by entity tag, rotation under it, and failures of HTTP/2."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.faults.crew import verdict
from tests.faults.fault import Fault
from tests.faults.faulty_server import FaultyServer
from tests.faults.tokens import AUDIENCE, ISSUER, mint, new_key
from tests.servers.missing import present
from tests.servers.nginx_front import NginxFront
from tests.servers.throwaway_ca import ThrowawayCa

from authjwks import Event, HttpOptions, KeyOptions, Verifier
from authjwks.testing import SigningKey

PATIENCE = 20.0


@pytest.fixture
def behind() -> Iterator[FaultyServer]:
    with FaultyServer() as running:
        yield running


@pytest.fixture
def front(tmp_path: Path, authority: ThrowawayCa, behind: FaultyServer) -> Iterator[NginxFront]:
    cert, key = authority.issue("127.0.0.1")
    with present(lambda: NginxFront(tmp_path, cert=cert, key=key, upstream=behind.jwks_uri)) as running:
        yield running


def verifier_at(url: str, authority: ThrowawayCa, **options) -> Verifier:
    http = HttpOptions(timeout=1.0, ca_file=authority.file, proxy="")
    return Verifier(ISSUER, AUDIENCE, jwks_uri=url, http=http, **options)


def key_set(*keys: SigningKey) -> bytes:
    return json.dumps({"keys": [key.jwk() for key in keys]}).encode()


def wait_for(condition: Callable[[], bool], meanwhile: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        meanwhile()
        time.sleep(0.02)


@pytest.mark.parametrize("path", ["/plain", "/packed"])
def test_nginx_answers_304_until_keys_rotate_and_then_200(front: NginxFront, authority, path):
    old, new = new_key("old"), new_key("new")
    front.put(key_set(old))
    events: list[Event] = []
    verifier = verifier_at(front.base + path, authority, keys=KeyOptions(ttl=0.5), on_event=events.append)

    def statuses() -> list[int]:
        return [exchange.status for exchange in front.exchanges()]

    verifier.verify(mint(old))
    wait_for(lambda: statuses().count(304) >= 2, lambda: verifier.verify(mint(old)))
    assert set(statuses()[1:]) == {304}
    assert events == []

    front.put(key_set(old, new))
    wait_for(lambda: statuses().count(200) == 2, lambda: verifier.verify(mint(old)))
    wait_for(lambda: bool(events), lambda: verifier.verify(mint(old)))
    verifier.verify(mint(new))
    assert [event.kind for event in events] == ["keys_changed"]

    front.put(key_set(new))
    wait_for(lambda: verdict(verifier, mint(old)) == "unknown_key", lambda: verifier.verify(mint(new)))

    exchanges = front.exchanges()
    assert {exchange.protocol for exchange in exchanges} == {"HTTP/2.0"}
    assert exchanges[0].if_none_match == "-"
    assert all(exchange.if_none_match != "-" for exchange in exchanges if exchange.status == 304)
    verifier.close()


def test_unknown_key_is_asked_for_without_if_none_match(front: NginxFront, authority):
    old, new = new_key("old"), new_key("new")
    front.put(key_set(old))
    verifier = verifier_at(f"{front.base}/plain", authority)
    verifier.verify(mint(old))

    assert verdict(verifier, mint(new)) == "unknown_key"

    assert [(exchange.status, exchange.if_none_match) for exchange in front.exchanges()] == [(200, "-"), (200, "-")]
    verifier.close()


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        pytest.param("/closed", None, id="no_answer"),
        pytest.param("/upstream", Fault.RESET, id="stream_cut"),
        pytest.param("/upstream", Fault.SLOW_HEADERS, id="stream_hung"),
        pytest.param("/upstream", Fault.DRIPPED_BODY, id="stream_dripped"),
        pytest.param("/upstream", Fault.HUGE, id="stream_without_end"),
        pytest.param("/upstream", Fault.GZIP_BOMB, id="stream_of_gzip_bomb"),
        pytest.param("/upstream", Fault.REFUSED, id="bad_gateway"),
    ],
)
def test_http2_fault_makes_keys_unavailable_until_it_is_over(
    front: NginxFront, behind: FaultyServer, authority, path, fault
):
    key = new_key("only")
    behind.publish(key)
    behind.fail(fault)
    verifier = verifier_at(front.base + path, authority)

    began = time.monotonic()
    assert verdict(verifier, mint(key)) == "keys_unavailable"
    assert time.monotonic() - began < 5.0

    behind.fail(None)
    if path == "/upstream":
        wait_for(lambda: verdict(verifier, mint(key)) == "accepted", lambda: None)
    assert {exchange.protocol for exchange in front.exchanges()} == {"HTTP/2.0"}
    verifier.close()
