"""Real rotations replayed: the key sets that large issuers published in turn, with keys of ours in place of theirs."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.faults.crew import verdict
from tests.faults.faulty_server import FaultyServer
from tests.faults.tokens import mint, new_key

from authjwks import KeyOptions, Verifier
from authjwks.testing import SigningKey

WATCHERS = 4
TTL = 0.2
KEY_MATERIAL = {"n", "e", "x", "y", "x5c", "x5t", "x5t#S256"}


class Step(NamedTuple):
    """One key set of a history: its JSON and a token of each of its keys, by key id."""

    document: dict[str, Any]
    tokens: dict[str, str]


class History:
    """A history with keys of ours: one for each key id, of the same type and with the same members."""

    def __init__(self, file: Path) -> None:
        self._keys: dict[str, SigningKey] = {}
        self._tokens: dict[str, str] = {}
        history = json.loads(file.read_text())
        self.steps = [self._step(number, entry["jwks"]["keys"]) for number, entry in enumerate(history)]

    def _step(self, number: int, theirs: list[dict[str, Any]]) -> Step:
        for jwk in theirs:
            kid = jwk["kid"]
            if kid not in self._keys:
                self._keys[kid] = new_key(kid, jwk.get("alg") or {"RSA": "RS256", "EC": "ES256"}[jwk["kty"]])
                self._tokens[kid] = mint(self._keys[kid])
        # The number, for in a replay sets come back so soon as otherwise only from replicas that differ.
        document = {"keys": [self._ours(jwk) for jwk in theirs], "number": number}
        return Step(document, {j["kid"]: self._tokens[j["kid"]] for j in theirs})

    def _ours(self, theirs: dict[str, Any]) -> dict[str, Any]:
        material = {name: value for name, value in self._keys[theirs["kid"]].jwk().items() if name in KEY_MATERIAL}
        assert KEY_MATERIAL & theirs.keys() >= material.keys()
        return {**{name: value for name, value in theirs.items() if name not in KEY_MATERIAL}, **material}


class Watch:
    """Threads that verify the tokens in `tokens` all the time; `refused` has what went wrong."""

    def __init__(self, verifier: Verifier) -> None:
        self.tokens: list[str] = []
        self.refused: list[str] = []
        self.count = 0
        self._verifier = verifier
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(WATCHERS)

    def __enter__(self) -> Watch:
        self._work = [self._pool.submit(self._keep_verifying) for _ in range(WATCHERS)]
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._pool.shutdown()
        for work in self._work:
            work.result()

    def _keep_verifying(self) -> None:
        while not self._ended.wait(0.001):
            for token in list(self.tokens):
                if (outcome := verdict(self._verifier, token)) != "accepted":
                    self.refused.append(outcome)
                self.count += 1


@pytest.fixture(params=["google", "entra-common", "apple", "yahoo"])
def history(request: pytest.FixtureRequest, shared: Path) -> History:
    return History(shared / "jwks-samples" / "history" / f"{request.param}.json")


def changes(history: History) -> list[tuple[Step, Step]]:
    return list(zip(history.steps, history.steps[1:], strict=False))


def test_replayed_rotation_is_followed_when_tokens_name_new_keys(server: FaultyServer, make_verifier, history: History):
    server.serve("/jwks", history.steps[0].document)
    verifier = make_verifier(keys=KeyOptions(cooldown=0.0))
    assert {verdict(verifier, token) for token in history.steps[0].tokens.values()} == {"accepted"}

    with Watch(verifier) as watch:
        for before, after in changes(history):
            watch.tokens = [token for kid, token in after.tokens.items() if kid in before.tokens]
            server.serve("/jwks", after.document)
            assert {kid: verdict(verifier, token) for kid, token in after.tokens.items()} == dict.fromkeys(
                after.tokens, "accepted"
            )
            withdrawn = before.tokens.keys() - after.tokens.keys()
            if not after.tokens.keys() - before.tokens.keys():
                verifier.refresh()
            assert {verdict(verifier, before.tokens[kid]) for kid in withdrawn} <= {"unknown_key"}
            watch.tokens = list(after.tokens.values())

    assert watch.refused == []
    assert watch.count > len(history.steps)


def test_replayed_rotation_is_followed_when_only_the_ttl_passes(server: FaultyServer, make_verifier, history: History):
    server.serve("/jwks", history.steps[0].document)
    verifier = make_verifier(keys=KeyOptions(ttl=TTL))
    verifier.prefetch()

    with Watch(verifier) as watch:
        for before, after in changes(history):
            watch.tokens = [token for kid, token in after.tokens.items() if kid in before.tokens]
            server.serve("/jwks", after.document)
            changed = time.monotonic()
            while server.fetches(since=changed) < 2:
                time.sleep(0.01)
            withdrawn = before.tokens.keys() - after.tokens.keys()
            assert {verdict(verifier, token) for token in after.tokens.values()} == {"accepted"}
            assert {verdict(verifier, before.tokens[kid]) for kid in withdrawn} <= {"unknown_key", "keys_unavailable"}

    assert watch.refused == []
    assert watch.count > len(history.steps)
