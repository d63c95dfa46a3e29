"""Python functions of the user's that the native core calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from weakref import ref

from authjwks._option_checks import sync_function
from authjwks.keys.greenlets import call_on_hub

TYPE_CHECKING = False  # as `typing` has it, whose import would take longer than ours
if TYPE_CHECKING:
    from typing import Any

    from authjwks.http_options import Fetch

IssuerDecision = Callable[[str], bool | str | None]
"""Decides on an issuer that a token names: its keys are found by discovery (True), are at a URL (a str), or it is not
trusted (anything else). Any printable text may be asked about, as often as tokens come; an issuer that was trusted is
not asked about again soon."""


def weak_callback(target: Callable[..., Any]) -> Callable[..., Any]:
    """A function that calls `target` for as long as something else refers to it, and afterwards returns None.

    The garbage collector does not see what the core refers to. With a strong reference, an object would never be freed
    whose method is an option of the verifier that it holds.
    """
    reference = ref(target)

    def call(*arguments: Any) -> Any:
        target = reference()
        return None if target is None else target(*arguments)

    return call


class FetchCallback:
    """The user's `fetch`, whose answers are made plain types, so that the core runs no Python code to read them.

    What it raises is logged at DEBUG; the core reports the failure with the name of its class.

    Raises:
        ConfigError: when `fetch` cannot be called, or would have to be awaited.
    """

    __slots__ = ("__weakref__", "_fetch", "_logger")

    def __init__(self, fetch: Fetch) -> None:
        import logging  # now: in a process forked while a thread first imports a module, that import hangs

        self._logger = logging.getLogger("authjwks")
        self._fetch = sync_function("fetch", fetch)

    def __call__(self, url: str, headers: Mapping[str, str], timeout: float) -> tuple[int, Mapping[str, str], bytes]:
        def fetch() -> tuple[int, Mapping[str, str], bytes]:
            status, fields, body = self._fetch(url, headers, timeout)
            return status, dict(fields), body

        try:
            return call_on_hub(fetch, timeout)
        except Exception:
            self._logger.debug("the function given as fetch failed", exc_info=True)
            raise


class IssuerCallback:
    """The user's function that decides on issuers; what it raises is logged, as the core only answers with 503.

    Raises:
        ConfigError: when `decide` cannot be called, or would have to be awaited.
    """

    __slots__ = ("__weakref__", "_decide", "_logger")

    def __init__(self, decide: IssuerDecision) -> None:
        import logging  # now: in a process forked while a thread first imports a module, that import hangs

        self._logger = logging.getLogger("authjwks")
        self._decide = sync_function("issuer", decide)

    def __call__(self, issuer: str) -> bool | str | None:
        try:
            return self._decide(issuer)
        except Exception:
            self._logger.exception("the function that decides on issuers failed; the token is answered with 503")
            raise
