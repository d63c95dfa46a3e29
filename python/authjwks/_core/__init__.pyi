"""The native core: everything that decides about a token. Private; use `authjwks.Verifier`.

Times are seconds. Texts that reach a caller are the fixed sentences of `ERRORS`, never a token's own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, final

__all__ = [
    "ALGORITHMS",
    "ERRORS",
    "IssuerDirectory",
    "KeySource",
    "RemoteOptions",
    "Verifier",
    "__version__",
    "register_errors",
    "versions",
]

__version__: Final[str]

ALGORITHMS: Final[tuple[str, ...]]
"""Every JWS `alg` known here, in the order of the native table; `none` and HS* do not exist."""

ERRORS: Final[tuple[tuple[str, str, str], ...]]
"""One `(stage, slug, sentence)` per refusal. Stages: request, parse, key, signature, claims, rights, infrastructure."""

def register_errors(types: Mapping[str, type[Exception]]) -> None:
    """Name the exception class for each slug of `ERRORS`; called once, by `authjwks.errors`.

    A refusal is raised as `types[slug](sentence)` with its `code` attribute set to the slug; `keys_unavailable` also
    gets `retry_after` (int, seconds, >= 1).

    Raises:
        ValueError: when a slug has no class, or a class no slug.
    """

def versions() -> dict[str, str]:
    """The versions of `openssl`, `libcurl` and `simdjson` in use.

    Raises:
        ValueError: when there is no libcurl, or one older than 7.85.
    """

@final
class RemoteOptions:
    """How issuers are asked. Immutable. What each option means: `authjwks.KeyOptions`, `authjwks.HttpOptions`."""

    def __init__(
        self,
        *,
        ttl: float,
        max_stale: float,
        cooldown: float,
        timeout: float,
        connect_timeout: float,
        allow_http: bool,
        ca_file: str | None,
        ca_path: str | None,
        client_cert: str | None,
        client_key: str | None,
        proxy: str | None,
        connect_to: Sequence[str],
        headers: Sequence[tuple[str, str]],
        credential_hosts: Sequence[str],
        fetch: Callable[[str, dict[str, str], float], tuple[int, Mapping[str, str], bytes]] | None,
    ) -> None:
        """With `fetch`, all fetching is done by it, on threads of Python."""

@final
class KeySource:
    """Where an issuer's keys come from: a fixed set, or a URL that is asked again. Safe from many threads."""

    @staticmethod
    def fixed(key_set: str, label: str = "") -> KeySource:
        """Keys that never change.

        Args:
            key_set: a JWK set as JSON, or PEM public keys.
            label: what reports call the source.

        Raises:
            ValueError: when the text is neither, or holds no usable key.
        """

    @staticmethod
    def remote(
        issuer: str | None, discovery_url: str | None, jwks_uri: str | None, options: RemoteOptions
    ) -> KeySource:
        """Keys behind a URL: `jwks_uri` itself, or what discovery at `discovery_url` or below `issuer` names.

        Raises:
            ValueError: when no URL can be formed or a URL is refused (scheme, user info, fragment).
        """

    @property
    def label(self) -> str:
        """What events and reports call it: the issuer, or the URL that was named."""

    @property
    def timeout(self) -> float:
        """Seconds that a caller waits for an answer at most."""

    def report(self) -> dict[str, Any]:
        """`label`, `state` ("static", "cold", "fresh", "stale", "failed"), `refreshing` (bool), `age` and
        `next_refresh` (seconds or None), `last_error` (word or None), `fetches`, `stale_serves`, `throttled` and
        `members` (int), `usable` (list of (kid or None, alg)), `skipped` (list of (index, reason)), `tolerated` (list
        of "byte_order_mark" and "number_out_of_range")."""

    def prefetch(self) -> None:
        """Waits for keys, unless there are some. Raises the registered error of "keys_unavailable"."""

    def refresh(self) -> str | None:
        """Asks the issuer now and waits. Returns why no answer came."""

    def attend(self) -> None:
        """Waits for the answer that the issuer is being asked for, if it is."""

    def tick(self) -> None:
        """Fetches if that is due; for sources that are fetched in Python."""

    def is_due(self) -> bool:
        """Whether `tick` has something to do."""

    def tell_events(self, tell: Callable[[str, str | None], object]) -> None:
        """Calls `tell(kind, error)` for what happened since the last call; what it raises goes to
        `sys.unraisablehook`."""

    def close(self) -> None:
        """Ends all fetching for good."""

    def verify_signature(self, algorithm: str, key_id: str | None, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (raw JWS bytes) over `message` is made by a key of this source. Never fetches."""

    def open_compact(self, token: str, algorithms: Sequence[str]) -> bytes:
        """The payload of a compact JWS after its header and signature were checked; claims are not looked at.

        Raises the registered error of the refusal. Never fetches.
        """

@final
class IssuerDirectory:
    """The issuers that one service trusts, each with a source of its own. Bounded; safe from many threads."""

    def __init__(self, names: Sequence[str], template: str | None, options: RemoteOptions) -> None:
        """`template` has one "{tenant}" and trusts every issuer that fits it.

        Raises:
            ValueError: for a URL that is refused, or a template whose tenant could choose the server.
        """

    def admit(self, issuer: str, source: KeySource) -> None:
        """Trusts one more issuer. Raises the registered error of "keys_unavailable" when too many are waited for."""

    def claimed_issuer(self, token: str) -> str:
        """The issuer that an unproven token names. Raises the registered error of the refusal when it names none."""

    def sources(self) -> list[KeySource]:
        """The sources in use now: of the named issuers, and of others once they have answered."""

    def close(self) -> None:
        """Ends all fetching for good, also of issuers that nobody has asked for yet."""

@final
class Verifier:
    """Judges tokens by one policy: signature by the keys of one source, or of the issuer a token names."""

    def __init__(
        self,
        keys: KeySource | IssuerDirectory,
        issuers: Sequence[str] | None,
        audiences: Sequence[str] | None,
        algorithms: Sequence[str],
        leeway: float,
        required_claims: Sequence[str],
        token_types: Sequence[str] | None,
        max_token_bytes: int,
        on_news: Callable[[KeySource], object] | None,
        token_cache: tuple[int, int] | None,
    ) -> None:
        """`None` for issuers, audiences or token_types waives that check; "" among the types is a token without any.

        `on_news` is called after a judgement whose source has events to tell or is due for a tick; what it raises goes
        to `sys.unraisablehook`. `token_cache` bounds the cache of tokens that passed, by bytes and by entries; `None`
        for no cache.

        Raises:
            ValueError: for an unknown algorithm, an empty sequence where one value is needed, or a bound overstepped.
        """

    def cache_report(self) -> dict[str, int] | None:
        """`hits`, `misses`, `evictions`, `entries` and `bytes` of the cache of tokens; None without one."""

    def verify(self, token: str, /) -> dict[str, Any]:
        """The claims of a token that passed every check; waits for keys when there are none yet."""

    def verify_warm(self, token: str, /) -> dict[str, Any] | tuple[KeySource, bool]:
        """As `verify`, but never waits: where it would, the source to attend to, and whether its answer settles the
        matter, so that `verify_finally` has the last word; if not, ask again."""

    def verify_finally(self, token: str, /) -> dict[str, Any]:
        """As `verify`, judged by what is at hand: neither waits for the issuer nor asks it."""

    def verify_at(self, token: str, now: float, /) -> dict[str, Any]:
        """As `verify`, judged at `now`, seconds since the epoch. Raises ValueError for a time that is not finite."""
