"""Issuer templates, and the names under which issuers are reported."""

from __future__ import annotations

from collections.abc import Collection

import authjwks._core as _core
from authjwks.errors import ConfigError


def is_template(issuer: str) -> bool:
    """Whether `issuer` stands for many, one for each tenant."""
    return "{" in issuer


def check_template(template: str) -> None:
    """Refuse a template whose tenants anybody can register, as under "co.uk".

    The core sees to it that at least two labels follow; which of these are public suffixes only the package
    publicsuffixlist knows, if it is installed.

    Raises:
        ConfigError: when a public suffix follows the tenant.
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


class IssuerLabels:
    """What events, verdicts and logs call an issuer.

    Args:
        configured: the issuers that are configured by name; None for all. Others are named by tokens that nothing has
            proven yet, so their names are not passed on until they have answered.
        placeholder: what is passed on instead: the template that they match, or "".
    """

    __slots__ = ("_configured", "_placeholder")

    def __init__(self, configured: Collection[str] | None, placeholder: str) -> None:
        self._configured = None if configured is None else frozenset(configured)
        self._placeholder = placeholder

    def _is_unproven(self, source: _core.KeySource) -> bool:
        """Whether only a token has named this issuer so far."""
        return self._configured is not None and source.label not in self._configured and source.report()["age"] is None

    def label(self, source: _core.KeySource) -> str:
        """The name of the issuer, or the placeholder."""
        return self._placeholder if self._is_unproven(source) else source.label
