"""Clients that send fresh tokens, good and bad, one after the other, and record each answer."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import NamedTuple

import httpx
from tests.load.app import AUDIENCE, WORKER_HEADER
from tests.load.timeline import Timeline
from tests.servers.rotating_issuer import ALGORITHM, PUBLISHED, ROTATE_SECONDS

from authjwks.testing import SigningKey
from authjwks.testing.keys import acquire_private_key

CLIENTS = 20
GOOD, RANDOM, EXPIRED, FORGED = "good", "random key id", "expired", "forged"
KINDS = (GOOD, RANDOM, EXPIRED, FORGED)
_SHARES = (85, 5, 5, 5)  # of the kinds, in percent
_AGES = (70, 20, 10)  # of the newest key, the one before, and the oldest that is published, in percent
_PAUSE_SECONDS = 0.02  # of a client between two requests; the machine has others to serve
_REQUESTS_A_CONNECTION = 50  # then the client connects anew, perhaps to another worker
_PATIENCE_SECONDS = 30.0
_NO_MORE_TOKENS_SECONDS = 1.5  # before a key is withdrawn


class Answer(NamedTuple):
    """One request and what came of it.

    Attributes:
        kind: of its token: one of KINDS.
        kid: of the key that the token names.
        began, ended: `time.monotonic()`.
        status: of the response; 0 when there was none.
        code: of the refusal, or the name of the client's exception; "" for none.
        worker: the process that answered; "" when none did.
        retry_after: the header; None without it.
    """

    kind: str
    kid: str
    began: float
    ended: float
    status: int
    code: str
    worker: str
    retry_after: str | None


class Mint:
    """Fresh tokens by the keys that are published at the moment.

    Args:
        keys: all that were published so far; grows meanwhile.
        seed: of what is chosen at random.
    """

    def __init__(self, issuer: str, keys: Sequence[SigningKey], timeline: Timeline, seed: int = 8_725) -> None:
        self._issuer = issuer
        self._keys = keys
        self._timeline = timeline
        self._random = random.Random(seed)
        self._numbers = count()
        self._stranger = acquire_private_key(ALGORITHM)

    def next(self) -> tuple[str, str, str]:
        """Kind, key id and token."""
        (kind,) = self._random.choices(KINDS, _SHARES)
        key = self._key()
        if kind == FORGED:
            key = SigningKey(ALGORITHM, key.kid, self._stranger)
        elif kind == RANDOM:
            key = SigningKey(ALGORITHM, f"random-{self._random.getrandbits(64):x}", self._stranger)
        return kind, key.kid, self._token(key, -600 if kind == EXPIRED else 3600)

    def _key(self) -> SigningKey:
        """One that stays published while a request is on its way."""
        ages: Sequence[int] = _AGES
        if time.monotonic() > self._timeline.published[self._keys[-1].kid] + ROTATE_SECONDS - _NO_MORE_TOKENS_SECONDS:
            ages = ages[:-1]
        (age,) = self._random.choices(range(len(ages)), ages)
        return self._keys[-PUBLISHED:][-1 - age]

    def _token(self, key: SigningKey, lifetime: int) -> str:
        now = int(time.time())
        number = next(self._numbers)
        claims = {"iss": self._issuer, "aud": AUDIENCE, "sub": f"user-{number}", "iat": now - 900}
        return key.sign_compact(
            {"alg": key.alg, "typ": "at+jwt", "kid": key.kid}, claims | {"exp": now + lifetime, "jti": str(number)}
        )


async def send_traffic(url: str, mint: Mint, seconds: float) -> list[Answer]:
    """All that the clients were answered in that time, in the order of the answers."""
    answers: list[Answer] = []
    ends = time.monotonic() + seconds
    await asyncio.gather(*(_be_a_client(url, mint, ends, answers.append) for _ in range(CLIENTS)))
    return answers


async def _be_a_client(url: str, mint: Mint, ends: float, record: Callable[[Answer], None]) -> None:
    while time.monotonic() < ends:
        async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False) as client:
            for _ in range(_REQUESTS_A_CONNECTION):
                record(await _ask(client, url, mint))
                await asyncio.sleep(_PAUSE_SECONDS)
                if time.monotonic() >= ends:
                    return


async def _ask(client: httpx.AsyncClient, url: str, mint: Mint) -> Answer:
    kind, kid, token = mint.next()
    began = time.monotonic()
    try:
        response = await client.get(url, headers={"Authorization": f"Bearer {token}"})
    except httpx.HTTPError as error:
        return Answer(kind, kid, began, time.monotonic(), 0, type(error).__name__, "", None)
    ended = time.monotonic()
    worker, retry_after = response.headers.get(WORKER_HEADER, ""), response.headers.get("Retry-After")
    return Answer(kind, kid, began, ended, response.status_code, _code(response), worker, retry_after)


def _code(response: httpx.Response) -> str:
    if response.status_code == 200:
        return ""
    try:
        return str(response.json()["code"])
    except (json.JSONDecodeError, KeyError, TypeError):
        return "no code"
