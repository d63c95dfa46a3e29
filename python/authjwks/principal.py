"""Who is calling and what they may do, read from the claims of a token that passed every check."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from authjwks.texts import texts


class _ClaimPaths(NamedTuple):
    roles: tuple[str, ...]
    permissions: tuple[str, ...]
    scopes: tuple[str, ...]


class ClaimPaths(_ClaimPaths):
    """Which claims hold the caller's rights.

    Each argument is the name of a claim, or several names whose values are joined. A name with dots is looked up
    as it stands ("https://api.example/roles"), then as a path into nested objects ("realm_access.roles").

    Raises:
        ConfigError: when there is no name, or one is not a str or is blank.
    """

    __slots__ = ()

    def __new__(
        cls,
        roles: str | Collection[str] = "roles",
        permissions: str | Collection[str] = "permissions",
        scopes: str | Collection[str] = ("scope", "scp"),
    ) -> ClaimPaths:
        return super().__new__(cls, texts("roles", roles), texts("permissions", permissions), texts("scopes", scopes))


class Principal(NamedTuple):
    """A caller whose token was accepted.

    Attributes:
        claims: every claim of the token.
        subject: the `sub` claim; None when it is missing or not a str.
        roles: from a list of str, or one str that is one role.
        permissions: from a list of str, or one str with spaces between them.
        scopes: as permissions (RFC 8693 §4.2, and the list form of `scp`).
    """

    claims: dict[str, Any]
    subject: str | None
    roles: frozenset[str]
    permissions: frozenset[str]
    scopes: frozenset[str]


def read_principal(claims: dict[str, Any], paths: ClaimPaths) -> Principal:
    """What `claims` say about their owner. A claim of the wrong type grants nothing."""
    subject = claims.get("sub")
    return Principal(
        claims,
        subject if isinstance(subject, str) else None,
        roles=_held(claims, paths.roles, spaced=False),
        permissions=_held(claims, paths.permissions, spaced=True),
        scopes=_held(claims, paths.scopes, spaced=True),
    )


def _held(claims: dict[str, Any], names: tuple[str, ...], *, spaced: bool) -> frozenset[str]:
    held: set[str] = set()
    for name in names:
        value = _find(claims, name)
        if isinstance(value, str):
            value = value.split(" ") if spaced else [value]
        if isinstance(value, list):
            held.update(item for item in value if isinstance(item, str))
    held.discard("")
    return frozenset(held)


def _find(claims: dict[str, Any], name: str) -> Any:
    if name in claims or "." not in name:
        return claims.get(name)
    value: Any = claims
    for step in name.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value
