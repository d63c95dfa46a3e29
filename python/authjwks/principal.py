"""Who is calling and what they may do, read from the claims of a token that passed every check."""

from __future__ import annotations

from authjwks.hints import Any, Collection
from authjwks.records import NamedTuple
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


class Principal:
    """A caller whose token was accepted. Rights are read from the claims when they are first asked for.

    Attributes:
        claims: every claim of the token.
        subject: the `sub` claim; None when it is missing or not a str.
        roles: from a list of str, or one str that is one role.
        permissions: from a list of str, or one str with spaces between them.
        scopes: as permissions (RFC 8693 §4.2, and the list form of `scp`).
    """

    __slots__ = ("_claims", "_held", "_paths")

    def __init__(self, claims: dict[str, Any], paths: ClaimPaths) -> None:
        """Claims of a token that passed every check, and which of them hold rights; a wrong type grants none."""
        self._claims = claims
        self._paths = paths
        self._held: dict[str, frozenset[str]] = {}

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
        return self._read("roles", self._paths.roles, spaced=False)

    @property
    def permissions(self) -> frozenset[str]:
        return self._read("permissions", self._paths.permissions, spaced=True)

    @property
    def scopes(self) -> frozenset[str]:
        return self._read("scopes", self._paths.scopes, spaced=True)

    def _read(self, right: str, names: tuple[str, ...], *, spaced: bool) -> frozenset[str]:
        held = self._held.get(right)
        if held is None:
            held = self._held[right] = _held(self._claims, names, spaced=spaced)
        return held


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
