"""Verdicts on tokens, passed to listeners: what metrics and traces are made of."""

from __future__ import annotations

from collections.abc import Callable, Collection

import authjwks._core as _core
from authjwks._frozen import Frozen
from authjwks._listeners import Listeners
from authjwks.keys.issuers import IssuerLabels


class Verdict(Frozen):
    """What came of one token. It holds no text of the token.

    Attributes:
        code: why the token was refused, as `AuthError.code`; None when it was accepted.
        issuer: whose keys were used or missed, as in `Event.issuer`; "" when it did not come to that.
        from_cache: whether the token had been accepted before, so that its signature was not checked again.
        claim: because of which claim it was refused, as `AuthError.claim`.
    """

    __slots__ = ("claim", "code", "from_cache", "issuer")

    code: str | None
    issuer: str
    from_cache: bool
    claim: str | None

    def __init__(self, code: str | None, issuer: str, from_cache: bool, claim: str | None = None) -> None:
        self._set(code=code, issuer=issuer, from_cache=from_cache, claim=claim)


VerdictListener = Callable[[Verdict], object]
"""Called with each verdict, before `verify` returns or raises, in its thread; must be fast."""


class VerdictDispatcher:
    """Passes each verdict on.

    Args:
        listeners: one, or several.
        labels: what issuers are called.

    Raises:
        ConfigError: when a listener cannot be called, or would have to be awaited.
    """

    __slots__ = ("__weakref__", "_labels", "_listeners")

    def __init__(self, listeners: VerdictListener | Collection[VerdictListener], labels: IssuerLabels) -> None:
        self._listeners = Listeners("on_verdict", listeners)
        self._labels = labels

    def __call__(self, source: _core.KeySource | None, code: str | None, from_cache: bool, claim: str | None) -> None:
        """Dispatch one verdict; a listener that fails is logged, and changes nothing."""
        self._listeners.call(Verdict(code, self._labels.label(source), from_cache, claim))
