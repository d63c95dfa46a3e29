"""What a verifier tells of its keys."""

from __future__ import annotations

import pytest

from authjwks import Event


@pytest.fixture
def events() -> list[Event]:
    """For `on_event=events.append`."""
    return []
