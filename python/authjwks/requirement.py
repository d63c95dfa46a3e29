"""The `require` that every framework offers: stated once, and checked when a route is defined."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, NamedTuple, TypeVar

from authjwks._option_checks import flag
from authjwks.errors import ConfigError
from authjwks.rules import PARENTHESES, Names, Rule, rights

GuardedT = TypeVar("GuardedT")


class Requirement(NamedTuple):
    """What a route requires of its callers.

    Attributes:
        rules: all of which a caller must fulfil; none requires authentication only.
        optional: whether callers without credentials are admitted too, as nobody in particular.
    """

    rules: tuple[Rule, ...] = ()
    optional: bool = False


class RequireMixin(ABC, Generic[GuardedT]):
    """The base of every integration: what `require` takes, and what it checks."""

    def require(
        self,
        *rules: Rule,
        roles: Names | None = None,
        permissions: Names | None = None,
        scopes: Names | None = None,
        require_all_roles: bool = False,
        require_all_permissions: bool = True,
        require_all_scopes: bool = True,
        optional: bool = False,
    ) -> GuardedT:
        """Require authentication, and all that is named; the class says what is returned.

        Args:
            rules: all of them must be fulfilled; made by `authjwks.rules`.
            roles: any one of them, unless `require_all_roles`.
            permissions: all of them, unless `require_all_permissions` is False.
            scopes: all of them, unless `require_all_scopes` is False.
            require_all_roles: see `roles`.
            require_all_permissions: see `permissions`.
            require_all_scopes: see `scopes`.
            optional: also admit callers without credentials, to whom the rules do not apply; credentials that are
                refused still are.

        Raises:
            ConfigError: when a requirement is empty or illegal, or `require` is written without parentheses.
        """
        if not all(isinstance(rule, Rule) for rule in rules):
            raise ConfigError(PARENTHESES)
        flag("optional", optional)
        named = (
            rights("scopes", scopes, require_all_scopes) if scopes is not None else None,
            rights("permissions", permissions, require_all_permissions) if permissions is not None else None,
            rights("roles", roles, require_all_roles) if roles is not None else None,
        )
        return self._guarded(Requirement((*filter(None, named), *rules), optional))

    @abstractmethod
    def _guarded(self, requirement: Requirement) -> GuardedT:
        """What lets a route run only for callers who meet `requirement`, in the form that the framework takes."""
