"""The state of a verifier's keys, for readiness probes and dashboards."""

from __future__ import annotations

import authjwks._core as _core
from authjwks._frozen import Frozen
from authjwks.fetch_failure import FetchFailure, failure_of


class SkippedKey(Frozen):
    """A member of a key set that no signature is checked with.

    Attributes:
        index: its position in the set's "keys", from 0.
        reason: "not_for_signatures" (an encryption key, by `use` or `key_ops`), "weak_key" (RSA below 2048 or above
            8192 bits, for example), "unsupported_kty", "unsupported_crv", "unsupported_alg", "private_key",
            "bad_encoding", "invalid_point", "bad_member", "duplicate_member" or "not_an_object".
    """

    __slots__ = ("index", "reason")

    index: int
    reason: str

    def __init__(self, index: int, reason: str) -> None:
        self._set(index=index, reason=reason)


class IssuerHealth(Frozen):
    """The keys of one issuer.

    Attributes:
        issuer: as configured; where any issuer will do, the URL of the keys or of the metadata, or "" for given keys.
        state: "static" (given, never fetched), "cold" (not asked yet), "fresh", "stale" (past their ttl, still serving)
            or "failed" (none that may serve).
        refreshing: whether the issuer is being asked at this moment.
        age: seconds since it last answered; None before that.
        next_refresh: seconds until it is asked again, at the earliest; None for static keys.
        last_error: why the latest fetch failed; None when it went well.
        keys: how many keys can check signatures.
        skipped: the members of the key set that cannot.
        tolerated: what is wrong with its documents, yet has no bearing on keys: "byte_order_mark" in front,
            "number_out_of_range" of what JSON numbers are usually kept in.
        fetches: how often the issuer was asked.
        stale_serves: how many tokens were judged by keys past their ttl.
        throttled: how many tokens with unknown keys got 503, as the issuer could not be asked about them yet.
    """

    __slots__ = (
        "age",
        "fetches",
        "issuer",
        "keys",
        "last_error",
        "next_refresh",
        "refreshing",
        "skipped",
        "stale_serves",
        "state",
        "throttled",
        "tolerated",
    )

    issuer: str
    state: str
    refreshing: bool
    age: float | None
    next_refresh: float | None
    last_error: FetchFailure | None
    keys: int
    skipped: tuple[SkippedKey, ...]
    tolerated: tuple[str, ...]
    fetches: int
    stale_serves: int
    throttled: int

    def __init__(
        self,
        *,
        issuer: str,
        state: str,
        refreshing: bool,
        age: float | None,
        next_refresh: float | None,
        last_error: FetchFailure | None,
        keys: int,
        skipped: tuple[SkippedKey, ...],
        tolerated: tuple[str, ...],
        fetches: int,
        stale_serves: int,
        throttled: int,
    ) -> None:
        self._set(
            issuer=issuer,
            state=state,
            refreshing=refreshing,
            age=age,
            next_refresh=next_refresh,
            last_error=last_error,
            keys=keys,
            skipped=skipped,
            tolerated=tolerated,
            fetches=fetches,
            stale_serves=stale_serves,
            throttled=throttled,
        )


class TokenCacheHealth(Frozen):
    """The tokens that a verifier has cached.

    Attributes:
        hits: how many tokens were found, so that their signatures were not checked again.
        misses: how many were not.
        evictions: how many were dropped to make room.
        entries: how many are cached now; some of them may have expired.
        bytes: how much memory they take at most.
    """

    __slots__ = ("bytes", "entries", "evictions", "hits", "misses")

    hits: int
    misses: int
    evictions: int
    entries: int
    bytes: int

    def __init__(self, *, hits: int, misses: int, evictions: int, entries: int, bytes: int) -> None:
        self._set(hits=hits, misses=misses, evictions=evictions, entries=entries, bytes=bytes)


class Health(Frozen):
    """The keys of all issuers of a verifier, and its cached tokens.

    Attributes:
        ready: whether tokens of every issuer that has been asked, and of at least one, can be judged now.
        issuers: those in use.
        token_cache: None without one.
    """

    __slots__ = ("issuers", "ready", "token_cache")

    ready: bool
    issuers: tuple[IssuerHealth, ...]
    token_cache: TokenCacheHealth | None

    def __init__(
        self, ready: bool, issuers: tuple[IssuerHealth, ...], token_cache: TokenCacheHealth | None = None
    ) -> None:
        self._set(ready=ready, issuers=issuers, token_cache=token_cache)


def health_of(sources: list[_core.KeySource], cache: dict[str, int] | None) -> Health:
    """A report on the sources; makes no request."""
    issuers = tuple(map(_issuer_health, sources))
    asked = [issuer for issuer in issuers if issuer.state != "cold"]
    ready = bool(asked) and all(issuer.state != "failed" for issuer in asked)
    return Health(ready, issuers, None if cache is None else TokenCacheHealth(**cache))


def _issuer_health(source: _core.KeySource) -> IssuerHealth:
    report = source.report()
    return IssuerHealth(
        issuer=report["label"],
        state=report["state"],
        refreshing=report["refreshing"],
        age=report["age"],
        next_refresh=report["next_refresh"],
        last_error=failure_of(report["last_error"]),
        keys=report["members"] - len(report["skipped"]),
        skipped=tuple(SkippedKey(index, reason) for index, reason in report["skipped"]),
        tolerated=tuple(report["tolerated"]),
        fetches=report["fetches"],
        stale_serves=report["stale_serves"],
        throttled=report["throttled"],
    )
