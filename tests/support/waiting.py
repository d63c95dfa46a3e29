"""Waiting for what must come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(condition: Callable[[], T], *, within: float = 30.0) -> T:
    """What `condition()` returns as soon as that is true; far more time is given than a busy machine needs."""
    end = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)
    return value
