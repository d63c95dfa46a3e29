"""Where a verifier's keys come from: options that users write, read into sources of the native core."""

from __future__ import annotations

from collections.abc import Mapping

import authjwks._core as _core
from authjwks._option_checks import text
from authjwks.errors import ConfigError
from authjwks.keys.callbacks import IssuerCallback, weak_callback
from authjwks.keys.issuers import check_template, is_template

TYPE_CHECKING = False  # as `typing` has it, whose import would take longer than ours
if TYPE_CHECKING:
    from typing import Any

Keys = _core.KeySource | _core.IssuerRegistry


def open_keys(
    issuers: tuple[str, ...] | IssuerCallback | None,
    options: _core.RemoteOptions,
    *,
    jwks_uri: str | None,
    jwks: Mapping[str, Any] | str | bytes | None,
    discovery_url: str | None,
) -> Keys:
    """The keys of these issuers (None: any); at most one location is given. No request is made yet.

    Raises:
        ConfigError: when more than one location is given, or one is needed and there is none, or one where issuers have
            locations of their own.
        ValueError: when the core refuses a URL, a template or a key set.
    """
    locations = [location for location in (jwks_uri, jwks, discovery_url) if location is not None]
    if len(locations) > 1:
        raise ConfigError("jwks_uri, jwks and discovery_url exclude each other")
    if isinstance(issuers, IssuerCallback):
        if locations:
            raise ConfigError("a function that decides on issuers also says where their keys are")
        return _core.IssuerRegistry((), (), weak_callback(issuers), options)
    for template in filter(is_template, issuers or ()):
        check_template(template)
    if discovery_url is not None and any(map(is_template, issuers or ())):
        raise ConfigError("discovery_url is the metadata of one issuer, and a template has one for each tenant")
    if jwks is not None:
        return _core.KeySource.fixed(_key_set_text(jwks), ", ".join(issuers or ()))
    if jwks_uri is not None or discovery_url is not None:
        return _core.KeySource.remote(
            issuer=issuers[0] if issuers and len(issuers) == 1 else None,
            discovery_url=None if discovery_url is None else text("discovery_url", discovery_url),
            jwks_uri=None if jwks_uri is None else text("jwks_uri", jwks_uri),
            options=options,
        )
    if issuers is None:
        raise ConfigError("with any issuer, one of jwks_uri, jwks and discovery_url must say where the keys are")
    if len(issuers) == 1 and not is_template(issuers[0]):
        return _core.KeySource.remote(issuer=issuers[0], discovery_url=None, jwks_uri=None, options=options)
    return _registry(issuers, options)


def sources_of(keys: Keys) -> list[_core.KeySource]:
    """The sources in use now."""
    return keys.sources() if isinstance(keys, _core.IssuerRegistry) else [keys]


def _registry(issuers: tuple[str, ...], options: _core.RemoteOptions) -> _core.IssuerRegistry:
    names = tuple(issuer for issuer in issuers if not is_template(issuer))
    templates = tuple(filter(is_template, issuers))
    return _core.IssuerRegistry(names, templates, None, options)


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
