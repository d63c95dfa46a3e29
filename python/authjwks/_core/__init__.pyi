"""The native core: everything that decides about a token. Private; use `authjwks.Verifier`.

Times are seconds. Texts that reach a caller are the fixed sentences of `ERRORS`, never a token's own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias, final

from authjwks._core import testing as testing

__all__ = [
    "ALGORITHMS",
    "ERRORS",
    "FETCH_FAULTS",
    "IssuerRegistry",
    "KeySource",
    "Pending",
    "RemoteOptions",
    "Verifier",
    "__version__",
    "check_ca_file",
    "check_client_certificate",
    "defer_references",
    "register_errors",
    "testing",
    "versions",
]

__version__: Final[str]

ALGORITHMS: Final[tuple[str, ...]]
"""Every JWS `alg` that this build can check, in the order of the native table; `none` and HS* do not exist."""

def defer_references(object: Any) -> None:
    """Let threads use an object without contending for its count of references; its end is left to the collector.

    Does nothing where there is a GIL, before Python 3.14, and for a type that the collector does not visit.
    """

def versions() -> dict[str, str]:
    """What this build is made of, for bug reports and inventories: name and version, or version, of each part.

    Loads libcurl if no source of keys has needed it yet.

    Returns:
        `authjwks`: the version of the package. `crypto`: the cryptographic library, as "OpenSSL 3.0.22" or
        "AWS-LC 5.12.0". `libcurl`: its version and TLS library, or why there is none that can be used. `simdjson`: its
        version. `algorithms`: the JWS `alg` names that can be checked, separated by blanks.
    """

ERRORS: Final[tuple[tuple[str, str, str], ...]]
"""One `(stage, slug, sentence)` per refusal. Stages: request, parse, key, signature, claims, rights, infrastructure."""

def register_errors(types: Mapping[str, type[Exception]]) -> None:
    """Name the exception class for each slug of `ERRORS`; called once, by `authjwks.errors`.

    A refusal is raised as `types[slug](sentence)` with its `code` attribute set to the slug; one because of a claim
    also gets `claim` (str), and `keys_unavailable` gets `retry_after` (int, seconds, >= 1).

    Raises:
        ValueError: when a slug has no class, or a class no slug.
    """

FETCH_FAULTS: Final[tuple[tuple[str, str, str], ...]]
"""One `(slug, problem, advice)` per way in which a fetch can fail. The problem goes on from "The key set at URL"."""

_Failure: TypeAlias = tuple[str, str, str, int, str, str]
"""`(slug, stage, url, status, cause, advice)`: stage is "discovery" or "key_set"; status 0 and empty texts for none."""

def check_ca_file(path: str) -> None:
    """Raises:
    ValueError: unless the file has a certificate in PEM.
    """

def check_client_certificate(certificate: str, key: str | None) -> None:
    """Raises:
    ValueError: unless the files have a certificate and its key in PEM, not encrypted.
    """

class _KeyOptions(Protocol):
    """What is read of `authjwks.KeyOptions`; times in seconds."""

    @property
    def ttl(self) -> float: ...
    @property
    def max_stale(self) -> float: ...
    @property
    def cooldown(self) -> float: ...

class _HttpOptions(Protocol):
    """What is read of `authjwks.HttpOptions`; times in seconds."""

    @property
    def timeout(self) -> float: ...
    @property
    def connect_timeout(self) -> float: ...
    @property
    def allow_http(self) -> bool: ...
    @property
    def ca_file(self) -> str | None: ...
    @property
    def ca_path(self) -> str | None: ...
    @property
    def client_cert(self) -> tuple[str, str | None] | None: ...
    @property
    def proxy(self) -> str | None: ...
    @property
    def connect_to(self) -> Sequence[str]: ...
    @property
    def headers(self) -> Sequence[tuple[str, str]]: ...
    @property
    def credential_hosts(self) -> Sequence[str]: ...

@final
class RemoteOptions:
    """How issuers are asked. Immutable. The meaning of each option: `authjwks.KeyOptions`, `authjwks.HttpOptions`."""

    def __init__(
        self,
        keys: _KeyOptions,
        http: _HttpOptions,
        fetch: Callable[[str, dict[str, str], float], tuple[int, Mapping[str, str], bytes]] | None,
    ) -> None:
        """With `fetch`, all fetching is done by it, on threads of Python; then only `timeout` and `allow_http` of
        `http` are used.

        Raises:
            AttributeError: when an option is missing.
            TypeError: when one is of the wrong type.
        """

@final
class KeySource:
    """Where an issuer's keys come from: a fixed set, or a URL that is asked again. Thread-safe."""

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
        """Seconds that a caller waits for a response at most."""

    def report(self) -> dict[str, Any]:
        """`label`, `state` ("static", "cold", "fresh", "stale", "failed"), `refreshing` (bool), `age` and
        `next_refresh` (seconds or None), `last_error` (a `_Failure` or None), `fetches`, `stale_serves`, `throttled`
        and `members` (int), `usable` (list of (kid or None, alg)), `skipped` (list of (index, reason)), `tolerated`
        (list of "byte_order_mark" and "number_out_of_range")."""

    def prefetch(self) -> None:
        """Waits for keys, unless there are some. Raises the registered error of "keys_unavailable"."""

    def refresh(self) -> _Failure | None:
        """Asks the issuer now and waits. Returns why no keys came."""

    def wait(self) -> None:
        """Waits for the response that the issuer is being asked for, if it is."""

    def run_due_work(self) -> None:
        """Fetches if that is due; for sources that are fetched in Python."""

    def has_due_work(self) -> bool:
        """Whether `run_due_work` has something to do."""

    def dispatch_events(self, handler: Callable[[str, _Failure | None], object]) -> None:
        """Calls `handler(kind, failure)` for what happened since the last call; what it raises goes to
        `sys.unraisablehook`."""

    def close(self) -> None:
        """Ends all fetching for good."""

@final
class IssuerRegistry:
    """The issuers that one service trusts, each with a source of its own. Bounded; thread-safe."""

    def __init__(
        self,
        names: Sequence[str],
        templates: Sequence[str],
        decide: Callable[[str], str | bool | None] | None,
        options: RemoteOptions,
    ) -> None:
        """One issuer that is named with and without a slash at its end has one source. Each of `templates` has one
        "{tenant}" and trusts every issuer that fits it.

        `decide` is called with an issuer that is neither named nor fits a template: `True` trusts it, a non-empty str
        trusts it and is the URL of its key set, anything else does not trust it. It is called for each token of an
        issuer that is not trusted yet, from any thread, and not while too many new issuers fail to respond. When it
        raises, the token is refused with `keys_unavailable`. The caller keeps it alive.

        Raises:
            ValueError: for a URL that is refused, or a template whose tenant could choose the server.
        """

    def sources(self) -> list[KeySource]:
        """The sources in use now: of the named issuers, and of others once they have responded."""

    def close(self) -> None:
        """Ends all fetching for good, also of issuers that are not known yet."""

@final
class Verifier:
    """Judges tokens by one policy: signature by the keys of one source, or of the issuer that a token names."""

    def __init__(
        self,
        keys: KeySource | IssuerRegistry,
        *,
        issuers: Sequence[str] | None,
        issuer_templates: Sequence[str],
        audiences: Sequence[str] | None,
        algorithms: Sequence[str],
        leeway: float,
        required_claims: Sequence[str],
        expected_claims: Sequence[tuple[str, Sequence[str | int | bool]]],
        refuse_id_tokens: bool,
        accept_bound_tokens: bool,
        token_types: Sequence[str] | None,
        max_token_bytes: int,
        token_cache: tuple[int, int] | None,
        on_events: Callable[[KeySource], object] | None,
        on_verdict: Callable[[KeySource | None, str | None, bool, str | None], object] | None,
        on_refusal: Callable[[KeySource | None, str, str | None], object] | None,
    ) -> None:
        """`None` for issuers (without `issuer_templates`), audiences or token_types waives that check; "" among the
        types is a token without any. Integers among the values of `expected_claims` are of 64 bits, signed or not.

        `token_cache` bounds the cache of accepted tokens, by bytes and by entries; `None` for no cache. `on_events` is
        called after a verdict whose source has events or due work. `on_verdict(source, code, from_cache, claim)` is
        called once per final verdict, before it is returned or raised: with the code of the refusal, or None for an
        accepted token; `source` is None where no keys were looked for, `claim` where no single claim is the reason.
        `on_refusal(source, code, claim)` is called likewise, for refusals only. What these functions raise goes to
        `sys.unraisablehook`.

        Raises:
            ValueError: for an unknown algorithm, an empty sequence where one value is needed, or a bound exceeded.
        """

    def cache_report(self) -> dict[str, int] | None:
        """`hits`, `misses`, `evictions`, `entries` and `bytes` of the cache of tokens; None without one."""

    def verify(self, token: str, /) -> dict[str, Any]:
        """The claims of a token that passed every check; waits for keys when there are none yet.

        Raises the registered error of the refusal: of "missing_token" for None and "".

        Raises:
            TypeError: when `token` is no str.
        """

    def verify_or_pending(self, token: str, /) -> dict[str, Any] | Pending:
        """As `verify`, but never waits: a `Pending` where it would."""

@final
class Pending:
    """A token whose verdict waits for a response of its issuer. Keeps the verifier and the token alive."""

    @property
    def source(self) -> KeySource:
        """What is waited for; the same object for all that wait for one issuer."""

    def wait(self) -> None:
        """Blocks, without the GIL, until the issuer has responded or was given up."""

    def resume(self) -> dict[str, Any] | Pending:
        """The verdict, after the wait. A `Pending` again only where the response did not settle the matter; otherwise
        the token is judged by the keys at hand, without a fetch."""
