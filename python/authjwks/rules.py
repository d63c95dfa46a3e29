"""What a route asks of its callers, checked when the route is defined."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple, TypedDict

from authjwks.errors import ConfigError, Forbidden, refusal
from authjwks.principal import Principal
from authjwks.texts import texts

Right = Literal["scopes", "permissions", "roles"]
Wanted = str | Collection[str]
"""One right, or several; a str is always one."""


class Rule(NamedTuple):
    """One kind of right that a route asks for. Rights are compared exactly.

    Attributes:
        right: the field of `Principal` that must hold what is wanted.
        wanted: never empty.
        require_all: whether every one of `wanted` is needed, or any one will do.
    """

    right: Right
    wanted: frozenset[str]
    require_all: bool

    def check(self, principal: Principal) -> None:
        """Raises Forbidden unless `principal` has what is wanted."""
        held: frozenset[str] = getattr(principal, self.right)
        if self.wanted <= held or (not self.require_all and self.wanted & held):
            return
        if self.right != "scopes":
            raise refusal(Forbidden, "rights", "forbidden")
        error = refusal(Forbidden, "rights", "insufficient_scope")
        error.scopes = tuple(sorted(self.wanted))
        raise error


class Requirement(TypedDict, total=False):
    """The keywords of `requirement`, and so of every framework's `require`."""

    roles: Wanted | None
    permissions: Wanted | None
    scopes: Wanted | None
    require_all_roles: bool
    require_all_permissions: bool
    require_all_scopes: bool


def roles(*wanted: str, require_all: bool = False) -> Rule:
    """Ask for any one of these roles.

    Raises:
        ConfigError: when none is named, or one is not a str or is blank.
    """
    return _rule("roles", wanted, require_all)


def permissions(*wanted: str, require_all: bool = True) -> Rule:
    """Ask for every one of these permissions. Raises as `roles` does."""
    return _rule("permissions", wanted, require_all)


def scopes(*wanted: str, require_all: bool = True) -> Rule:
    """Ask for every one of these scopes. Raises as `roles` does, and when one is not a scope-token (RFC 6749 §3.3)."""
    return _rule("scopes", wanted, require_all)


def requirement(
    *misplaced: object,
    roles: Wanted | None = None,
    permissions: Wanted | None = None,
    scopes: Wanted | None = None,
    require_all_roles: bool = False,
    require_all_permissions: bool = True,
    require_all_scopes: bool = True,
) -> tuple[Rule, ...]:
    """All that a route asks for; nothing but a good token when no right is named.

    Args:
        roles: any one of them, unless `require_all_roles`.
        permissions: all of them, unless `require_all_permissions` is False.
        scopes: all of them, unless `require_all_scopes` is False.

    Raises:
        ConfigError: as `roles`, `permissions` and `scopes` do, and for anything that is not given by name, such as the
            function below a decorator without parentheses.
    """
    if misplaced:
        raise ConfigError("write require(...) with parentheses, and name what it asks for, as in roles=...")
    asked: tuple[tuple[Right, Wanted | None, bool], ...] = (
        ("scopes", scopes, require_all_scopes),
        ("permissions", permissions, require_all_permissions),
        ("roles", roles, require_all_roles),
    )
    return tuple(_rule(right, wanted, require_all) for right, wanted, require_all in asked if wanted is not None)


def _rule(right: Right, wanted: Wanted, require_all: bool) -> Rule:
    named = texts(right, wanted)
    if right == "scopes" and not all(map(_is_scope_token, named)):
        raise ConfigError("scopes holds a character that no scope can have (RFC 6749 §3.3)")
    if not isinstance(require_all, bool):
        raise ConfigError(f"require_all of {right} must be a bool")
    return Rule(right, frozenset(named), require_all)


def _is_scope_token(text: str) -> bool:
    return all("!" <= character <= "~" and character not in '"\\' for character in text)
