"""Finds the material that several tests share and that is too large for this repository."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from tests.servers.missing import Missing, present

# A shell that starts a run in the background has it ignore interrupts, and whatever it starts as well.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of key sets and token corpora: `$AUTHJWKS_SHARED`, or `shared` beside this checkout.

    A checkout on its own has none, and a test that asks for it is skipped there; continuous integration has it.
    """
    return present(_find_shared)


def _find_shared() -> Path:
    folder = Path(os.environ.get("AUTHJWKS_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    if not folder.is_dir():
        raise Missing(f"the shared test material is missing: no folder {folder}, and AUTHJWKS_SHARED names no other")
    return folder
