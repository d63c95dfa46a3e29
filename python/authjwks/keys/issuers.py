"""Issuer templates, and the names under which issuers are reported."""

from __future__ import annotations

from collections.abc import Collection

import authjwks._core as _core
from authjwks.errors import ConfigError

_GAP = "{tenant}"


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
            proven yet, so their names are not passed on until they have answered. What is passed on instead is the
            template that they match, or "".
        templates: those that the core matches issuers with.
    """

    __slots__ = ("_configured", "_templates")

    def __init__(self, configured: Collection[str] | None, templates: Collection[str]) -> None:
        self._configured = None if configured is None else frozenset(configured)
        # Of two that end an issuer alike, the longer one is that of its host or path.
        self._templates = sorted(templates, key=len, reverse=True)

    def _is_unproven(self, source: _core.KeySource) -> bool:
        """Whether only a token has named this issuer so far."""
        return self._configured is not None and source.label not in self._configured and source.report()["age"] is None

    def label(self, source: _core.KeySource | None) -> str:
        """The name of the issuer, or what is passed on instead; "" for None."""
        if source is None:
            return ""
        if not self._is_unproven(source):
            return source.label
        return next((template for template in self._templates if _ends_fit(template, source.label)), "")


def _ends_fit(template: str, issuer: str) -> bool:
    before, after = template.split(_GAP)
    return issuer.startswith(before) and issuer.endswith(after)
