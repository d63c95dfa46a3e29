"""The issuer's process as the test sees it: what it tells is kept, so that the judge knows the truth."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tests.load.timeline import Timeline
from tests.servers.rotating_issuer import ALGORITHM
from tests.support.waiting import eventually

from authjwks.testing import SigningKey

_ROOT = Path(__file__).resolve().parents[2]


class IssuerProcess:
    """Runs inside a `with` block.

    Attributes:
        timeline: what happened so far, after the block all of it.
        keys: those that it has published so far, the newest last.
        fetches: after the block: how often each client asked for each path.
    """

    def __init__(self) -> None:
        self.timeline = Timeline()
        self.keys: list[SigningKey] = []
        self.fetches: dict[tuple[str, str], int] = {}
        self._issuer = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.rotating_issuer"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)

    @property
    def issuer(self) -> str:
        """Its URL, once it is ready."""
        return eventually(lambda: self._issuer)

    def __enter__(self) -> IssuerProcess:
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._reader.join()
        self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._hear(json.loads(line))

    def _hear(self, told: dict[str, Any]) -> None:
        at = told["at"]
        match told["event"]:
            case "ready":
                self._issuer = told["issuer"]
            case "published":
                private = load_pem_private_key(told["private"].encode(), password=None)
                assert isinstance(private, EllipticCurvePrivateKey)
                self.timeline.publish(told["kid"], at)
                self.keys.append(SigningKey(ALGORITHM, told["kid"], private))
            case "down":
                self.timeline.go_down(told["kind"], at)
            case "up":
                self.timeline.come_back(at)
            case "asked":
                self.fetches = {(client, path): times for client, path, times in told["fetches"]}
