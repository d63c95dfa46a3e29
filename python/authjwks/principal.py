"""Who is calling and what they may do, read from the claims of a token that passed every check."""

from __future__ import annotations

from collections.abc import Collection

from authjwks._frozen import Frozen
from authjwks._option_checks import texts
from authjwks.errors import ConfigError

TYPE_CHECKING = False  # as `typing` has it, whose import would take longer than ours
if TYPE_CHECKING:
    from typing import Any


class ClaimPaths(Frozen):
    """Which claims hold the caller's rights.

    Each argument is the name of a claim, or several names whose values are joined. A name with dots is looked up
    as it stands ("https://api.example/roles"), then as a path into nested objects ("realm_access.roles").

    Raises:
        ConfigError: when there is no name, or one is not a str or is blank.
    """

    __slots__ = ("permissions", "roles", "scopes")

    roles: tuple[str, ...]
    permissions: tuple[str, ...]
    scopes: tuple[str, ...]

    def __init__(
        self,
        roles: str | Collection[str] = "roles",
        permissions: str | Collection[str] = "permissions",
        scopes: str | Collection[str] = ("scope", "scp"),
    ) -> None:
        self._set(
            roles=texts("roles", roles),
            permissions=texts("permissions", permissions),
            scopes=texts("scopes", scopes),
        )


class Principal:
    """A caller whose credentials were accepted. Rights are read from the claims when they are first asked for.

    Attributes:
        claims: every claim of the token.
        subject: the `sub` claim; None when it is missing or not a str.
        roles: from a list of str, or one str that is one role.
        permissions: from a list of str, or one str with spaces between them.
        scopes: as permissions (RFC 8693 §4.2, and the list form of `scp`).
    """

    __slots__ = ("_claims", "_paths", "_rights_read")

    def __init__(self, claims: dict[str, Any], paths: ClaimPaths | None = None) -> None:
        """Claims of a token that passed every check, and which of them hold rights; a wrong type grants none.

        Without `paths`, the caller has no rights.
        """
        self._claims = claims
        self._paths = paths
        self._rights_read: dict[str, frozenset[str]] = {}

    def __repr__(self) -> str:
        return f"Principal(subject={self.subject!r})"

    @property
    def claims(self) -> dict[str, Any]:
        return self._claims

    @property
    def subject(self) -> str | None:
        subject = self._claims.get("sub")
        return subject if isinstance(subject, str) else None

    @property
    def roles(self) -> frozenset[str]:
        return self._rights("roles", spaced=False)

    @property
    def permissions(self) -> frozenset[str]:
        return self._rights("permissions", spaced=True)

    @property
    def scopes(self) -> frozenset[str]:
        return self._rights("scopes", spaced=True)

    def _rights(self, name: str, *, spaced: bool) -> frozenset[str]:
        rights = self._rights_read.get(name)
        if rights is None:
            paths = () if self._paths is None else getattr(self._paths, name)
            rights = self._rights_read[name] = _rights_in(self._claims, paths, spaced=spaced)
        return rights


def authenticated(principal: Principal | None) -> Principal:
    """`principal`, where a view relies on one.

    Raises:
        ConfigError: when it is None, as optional authentication gives it for a request without credentials.
    """
    if principal is None:
        raise ConfigError("this request came without credentials; use optional_principal()")
    return principal


def _rights_in(claims: dict[str, Any], paths: tuple[str, ...], *, spaced: bool) -> frozenset[str]:
    rights: set[str] = set()
    for path in paths:
        value = _value_at(claims, path)
        if isinstance(value, str):
            value = value.split(" ") if spaced else [value]
        if isinstance(value, list):
            rights.update(item for item in value if isinstance(item, str))
    rights.discard("")
    return frozenset(rights)


def _value_at(claims: dict[str, Any], path: str) -> Any:
    if path in claims or "." not in path:
        return claims.get(path)
    value: Any = claims
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value
