"""The keys of one verifier: opened from its options, waited for, refreshed and reported on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import authjwks._core as _core
from authjwks._option_checks import instance, texts
from authjwks.errors import KeysUnavailable, error_for
from authjwks.fetch_failure import failure_of
from authjwks.http_options import Fetch, HttpOptions
from authjwks.keys.callbacks import FetchCallback, IssuerCallback, IssuerDecision, weak_callback
from authjwks.keys.events import EventDispatcher, EventListener
from authjwks.keys.health import Health, health_of
from authjwks.keys.issuers import IssuerLabels, is_template
from authjwks.keys.sources import open_keys, sources_of
from authjwks.keys.waiter import KeyWaiter
from authjwks.options import KeyOptions, Waived
from authjwks.policy import given

TYPE_CHECKING = False  # as `typing` has it, whose import would take longer than ours
if TYPE_CHECKING:
    from typing import Any


class KeyManager:
    """Keeps alive what the core refers to weakly: the user's functions and the event dispatcher.

    Args:
        location: the arguments `jwks_uri`, `jwks` and `discovery_url` of `authjwks.Verifier`; the others have their
            names.

    Attributes:
        native: what the core takes keys from.
        trusted: the names and the templates that the core compares `iss` with, as keywords of `_core.Verifier`; none
            where any issuer will do, or where `native` decides.
        labels: what issuers are called in events and verdicts.
        waiter: waits for keys.
        events: dispatches the events of a source.

    Raises:
        ConfigError: as `authjwks.Verifier` does for its arguments of these names.
        ValueError: when the core refuses a URL, a template or a key set.
    """

    __slots__ = ("_callbacks", "events", "labels", "native", "trusted", "waiter")

    def __init__(
        self,
        issuer: str | Collection[str] | IssuerDecision | Waived,
        location: Mapping[str, Any],
        *,
        keys: KeyOptions,
        http: HttpOptions,
        fetch: Fetch | None,
        on_event: EventListener | Collection[EventListener] | None,
    ) -> None:
        issuers, fetching = _issuers(issuer), None if fetch is None else FetchCallback(fetch)
        options = _core.RemoteOptions(
            instance("keys", keys, KeyOptions),
            instance("http", http, HttpOptions),
            None if fetching is None else weak_callback(fetching),
        )
        self._callbacks = (issuers, fetching)
        self.native = open_keys(issuers, options, **location)
        named = issuers if isinstance(issuers, tuple) else ()
        is_registry = isinstance(self.native, _core.IssuerRegistry)
        self.trusted = _trusted(() if is_registry else named)
        self.labels = IssuerLabels(named if is_registry else None, tuple(filter(is_template, named)))
        self.waiter = KeyWaiter()
        self.events = EventDispatcher(on_event, self.waiter, self.labels)

    def prefetch(self) -> None:
        """As `authjwks.Verifier.prefetch`."""
        self._ask(self._prefetch)

    def refresh(self) -> None:
        """As `authjwks.Verifier.refresh`."""
        self._ask(self._refresh)

    def _ask(self, ask: Callable[[_core.KeySource], KeysUnavailable | None]) -> None:
        """Ask every issuer, dispatch what happened, and raise the first error with its reason."""
        sources = sources_of(self.native)
        errors = [(error, source) for source in sources if (error := ask(source)) is not None]
        for source in sources_of(self.native):
            self.events(source)
        if errors:
            error, source = errors[0]
            error.failure = failure_of(source.report()["last_error"])
            raise error from (None if error.failure is None else ConnectionError(str(error.failure)))

    def health(self, token_cache: dict[str, int] | None) -> Health:
        """As `authjwks.Verifier.health`; `token_cache` is the core's report on it."""
        sources = sources_of(self.native)
        for source in sources:
            self.events(source)
        return health_of(sources, token_cache)

    def _prefetch(self, source: _core.KeySource) -> KeysUnavailable | None:
        try:
            self.waiter.call(source, source.prefetch)
        except KeysUnavailable as error:
            return error
        return None

    def _refresh(self, source: _core.KeySource) -> KeysUnavailable | None:
        try:
            if self.waiter.call(source, source.refresh) is None:
                return None
        except KeysUnavailable as error:
            return error
        return error_for(KeysUnavailable, "infrastructure", "keys_unavailable")


def _issuers(issuer: str | Collection[str] | IssuerDecision | Waived) -> tuple[str, ...] | IssuerCallback | None:
    if isinstance(issuer, Waived):
        return None
    if callable(issuer):
        return IssuerCallback(issuer)
    return texts("issuer", given("issuer", issuer))


def _trusted(issuers: tuple[str, ...]) -> dict[str, Any]:
    names = tuple(issuer for issuer in issuers if not is_template(issuer))
    return {"issuers": names or None, "issuer_templates": tuple(filter(is_template, issuers))}
