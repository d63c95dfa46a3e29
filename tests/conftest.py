"""Finds the material that several tests share and that is too large for this repository."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

# A shell that starts a run in the background has it ignore interrupts, and whatever it starts as well.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of key sets and token corpora: `$AUTHJWKS_SHARED`, or `shared` beside this checkout.

    A checkout on its own has none, and a test that asks for it is skipped there; continuous integration has it, so
    there its absence is a failure.
    """
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("AUTHJWKS_SHARED", beside))
    if folder.is_dir():
        return folder
    if os.environ.get("CI"):
        pytest.fail(f"the shared test material is missing: no folder {folder}")
    pytest.skip("the shared test material is not beside this checkout, and AUTHJWKS_SHARED does not name it")
