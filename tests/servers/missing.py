"""Programs that tests need and a machine may lack: an excuse on a developer's, a failure in continuous integration."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


class Missing(Exception):
    """What a server needs on this machine is not there; the text says what and how to get it."""


def present(make: Callable[[], T]) -> T:
    """What `make()` makes. When it raises Missing, a test that needs it is skipped, but fails where `$CI` is set."""
    try:
        return make()
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
