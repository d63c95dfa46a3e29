"""Where a verifier's keys come from: options that users write, read into sources of the native core."""

from __future__ import annotations

from authjwks import _core
from authjwks.errors import ConfigError
from authjwks.functions import plain_function, weakly
from authjwks.hints import Any, Mapping
from authjwks.options import Fetch, HttpOptions, KeyOptions
from authjwks.records import NamedTuple
from authjwks.texts import text


class Location(NamedTuple):
    """Where keys are, if not where an issuer's own URL leads; at most one is given.

    Attributes:
        jwks_uri: the key set's URL.
        jwks: the keys themselves.
        discovery_url: the issuer metadata's URL.
    """

    jwks_uri: str | None
    jwks: Mapping[str, Any] | str | bytes | None
    discovery_url: str | None


Keys = _core.KeySource | _core.IssuerDirectory


def open_keys(issuers: tuple[str, ...] | None, place: Location, options: _core.RemoteOptions) -> Keys:
    """The keys of these issuers (None for any, empty for those admitted later); asks none of them yet.

    Raises:
        ConfigError: when more than one place is given, or one is needed and there is none, or one where issuers have
            places of their own.
        ValueError: when the core refuses a URL, a template or a key set.
    """
    if sum(named is not None for named in place) > 1:
        raise ConfigError("jwks_uri, jwks and discovery_url exclude each other")
    is_placed = any(named is not None for named in place)
    if is_placed and any(map(is_template, issuers or ())):
        raise ConfigError("the keys of a template's tenants are where their metadata says, and nowhere else")
    if is_placed and issuers == ():
        raise ConfigError("a function that decides on issuers also says where their keys are")
    if place.jwks is not None:
        return _core.KeySource.fixed(_key_set_text(place.jwks), ", ".join(issuers or ()))
    if place.jwks_uri is not None or place.discovery_url is not None:
        return _core.KeySource.remote(
            issuer=issuers[0] if issuers and len(issuers) == 1 else None,
            discovery_url=None if place.discovery_url is None else text("discovery_url", place.discovery_url),
            jwks_uri=None if place.jwks_uri is None else text("jwks_uri", place.jwks_uri),
            options=options,
        )
    if issuers is None:
        raise ConfigError("with any issuer, one of jwks_uri, jwks and discovery_url must say where the keys are")
    if len(issuers) == 1 and not is_template(issuers[0]):
        return _core.KeySource.remote(issuer=issuers[0], discovery_url=None, jwks_uri=None, options=options)
    return _directory(issuers, options)


def is_template(issuer: str) -> bool:
    """Whether `issuer` stands for many, one for each tenant."""
    return "{" in issuer


class PlainFetch:
    """A user's `fetch` whose answers are of plain types, so that no code of Python's runs where the core reads them.

    Raises:
        ConfigError: when `fetch` cannot be called, or would have to be awaited.
    """

    __slots__ = ("__weakref__", "_fetch")

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = plain_function("fetch", fetch)

    def __call__(self, url: str, headers: Mapping[str, str], timeout: float) -> tuple[int, Mapping[str, str], bytes]:
        status, fields, body = self._fetch(url, headers, timeout)
        return status, dict(fields), body


def plain_fetch(fetch: Fetch | None) -> PlainFetch | None:
    """What the core calls in place of `fetch`, if it is given."""
    return None if fetch is None else PlainFetch(fetch)


def remote_options(keys: KeyOptions, http: HttpOptions, fetch: PlainFetch | None) -> _core.RemoteOptions:
    """What the options come to for the core, which calls `fetch` for as long as the caller keeps it.

    Raises:
        ConfigError: when `keys` or `http` is of another type.
    """
    if not isinstance(keys, KeyOptions) or not isinstance(http, HttpOptions):
        raise ConfigError("keys must be an authjwks.KeyOptions, and http an authjwks.HttpOptions")
    client_cert, client_key = http.client_cert or (None, None)
    return _core.RemoteOptions(
        ttl=keys.ttl,
        max_stale=keys.max_stale,
        cooldown=keys.cooldown,
        timeout=http.timeout,
        connect_timeout=http.connect_timeout,
        allow_http=http.allow_http,
        ca_file=http.ca_file,
        ca_path=http.ca_path,
        client_cert=client_cert,
        client_key=client_key,
        proxy=http.proxy,
        connect_to=http.connect_to,
        headers=tuple(http.headers.items()),
        credential_hosts=http.credential_hosts,
        fetch=None if fetch is None else weakly(fetch),
    )


def sources_of(keys: Keys) -> list[_core.KeySource]:
    """The sources in use now."""
    return keys.sources() if isinstance(keys, _core.IssuerDirectory) else [keys]


def _directory(issuers: tuple[str, ...], options: _core.RemoteOptions) -> _core.IssuerDirectory:
    templates = [issuer for issuer in issuers if is_template(issuer)]
    if len(templates) > 1:
        raise ConfigError("issuer may hold one template")
    names = tuple(issuer for issuer in issuers if not is_template(issuer))
    for template in templates:
        _refuse_public_suffix(template)
    return _core.IssuerDirectory(names, templates[0] if templates else None, options)


def _refuse_public_suffix(template: str) -> None:
    """Raise ConfigError where everybody can have a name below what follows the tenant, as under "co.uk".

    The core sees to it that two labels follow at least; which of these are open to everybody is known to the package
    publicsuffixlist alone, if it is installed.
    """
    host = template.partition("://")[2].partition("/")[0].partition(":")[0]
    if not is_template(host):
        return
    try:
        from publicsuffixlist import PublicSuffixList
    except ImportError:
        return
    suffix = host.rpartition("}")[2].strip(".")
    if PublicSuffixList().privatesuffix(suffix) is None:
        raise ConfigError(f"issuer must not have its {{tenant}} below {suffix}, where anybody can have a server")


def _key_set_text(jwks: Mapping[str, Any] | str | bytes) -> str:
    if isinstance(jwks, str):
        return text("jwks", jwks)
    if isinstance(jwks, bytes):
        return jwks.decode()
    if not isinstance(jwks, Mapping):
        raise ConfigError("jwks must be a dict, or JSON or PEM as str or bytes")
    import json

    try:
        return json.dumps(dict(jwks))
    except (TypeError, RecursionError):
        raise ConfigError("jwks must hold nothing but JSON") from None
