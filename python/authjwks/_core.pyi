"""The native core: everything that decides about a token. Private; use `authjwks.Verifier`.

Times are seconds. Texts that reach a caller are the fixed sentences of `ERRORS`, never a token's own.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, final

__version__: Final[str]
__all__: Final[tuple[str, ...]]

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
    """The versions of `openssl`, `libcurl` and `simdjson` in use."""

@final
class KeySource:
    """Where an issuer's keys come from: a fixed set, or a URL that is asked again. Safe from many threads."""

    @staticmethod
    def fixed(key_set: str) -> KeySource:
        """Keys that never change.

        Args:
            key_set: a JWK set or single JWK as JSON, or PEM public keys.

        Raises:
            ValueError: when the text is none of these, or holds no usable key.
        """

    @staticmethod
    def remote(
        issuer: str | None,
        discovery_url: str | None,
        jwks_uri: str | None,
        ttl: float,
        max_stale: float,
        cooldown: float,
        timeout: float,
        connect_timeout: float,
        allow_http: bool,
        ca_file: str | None,
        headers: Mapping[str, str],
    ) -> KeySource:
        """Keys behind a URL: `jwks_uri` itself, or what discovery at `discovery_url` or below `issuer` names.

        Raises:
            ValueError: when no URL can be formed or a URL is refused (scheme, user info, fragment).
        """

    def report(self) -> dict[str, Any]:
        """`state` ("static", "cold", "fresh", "stale", "failed"), `age` and `next_refresh` (seconds or None),
        `last_error` (slug-like word or None), `fetches` (int), `usable` (list of (kid or None, alg)), `skipped`
        (list of (index, reason))."""

    def verify_signature(self, algorithm: str, key_id: str | None, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (raw JWS bytes) over `message` is made by a key of this source. Never fetches."""

    def open_compact(self, token: str, algorithms: Sequence[str]) -> bytes:
        """The payload of a compact JWS after its header and signature were checked; claims are not looked at.

        Raises the registered error of the refusal. Never fetches.
        """

@final
class Verifier:
    """Judges tokens: signature by the keys of one source, claims by one policy. Immutable, safe from many threads."""

    def __init__(
        self,
        source: KeySource,
        issuers: Sequence[str] | None,
        audiences: Sequence[str] | None,
        algorithms: Sequence[str],
        leeway: float,
        required_claims: Sequence[str],
        token_types: Sequence[str] | None,
        max_token_bytes: int,
    ) -> None:
        """`None` for issuers, audiences or token_types waives that check.

        Raises:
            ValueError: for an unknown algorithm, an empty sequence where one value is needed, or a bound overstepped.
        """

    def verify(self, token: str, /) -> dict[str, Any]:
        """The claims of a token that passed every check; waits for keys when none are there yet."""

    def verify_warm(self, token: str, /) -> dict[str, Any] | None:
        """As `verify`, but never waits: None where a verdict would need keys from the network."""

    def verify_at(self, token: str, now: float, /) -> dict[str, Any]:
        """As `verify`, judged at `now`, seconds since the epoch."""
