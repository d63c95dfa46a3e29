"""What the tests of an issuer's keys share: an unknown key, an outage that was noticed, events by their kind."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from authjwks import Event, KeysUnavailable, Verifier

UNKNOWN = {"kid": "not yet published"}
"""The header of a token whose key nobody has."""


def notice_outage(verifier: Verifier) -> None:
    """Have the verifier ask an issuer that is down."""
    with pytest.raises(KeysUnavailable):
        verifier.refresh()


def kinds(events: Iterable[Event]) -> list[str]:
    return [event.kind for event in events]
