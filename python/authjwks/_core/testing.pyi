"""Single steps of the native core, for tests and comparisons with other libraries."""

from collections.abc import Sequence
from typing import Any

from authjwks._core import KeySource, Verifier

def verify_signature(source: KeySource, algorithm: str, key_id: str | None, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (raw JWS bytes) over `message` is made by a key of this source. Never fetches."""

def open_compact(source: KeySource, token: str, algorithms: Sequence[str]) -> bytes:
    """The payload of a compact JWS after its header and signature were checked; claims are not looked at.

    Raises the registered error of the refusal. Never fetches.
    """

def verify_at(verifier: Verifier, token: str, now: float) -> dict[str, Any]:
    """As `Verifier.verify`, judged at `now`, seconds since the epoch. Raises ValueError when that is not finite."""
