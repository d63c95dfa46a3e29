"""What a route requires of its callers, checked when the route is defined and applied to each request."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, NoReturn

from authjwks._option_checks import flag, texts
from authjwks.errors import ConfigError, Forbidden, error_for
from authjwks.principal import Principal
from authjwks.request import Request

Right = Literal["scopes", "permissions", "roles"]
Names = str | Collection[str]
"""One right, or several; a str is always one."""


class Rule(ABC):
    """What a caller must fulfil. Immutable; compose rules by `&`, `|` and `~`.

    Attributes:
        scopes: those that every caller must have, as a challenge and an OpenAPI document name them.
    """

    scopes: tuple[str, ...] = ()

    @abstractmethod
    def refusal(self, principal: Principal, request: Request) -> Forbidden | None:
        """Why this principal may not make this request; None when it may."""

    def check(self, principal: Principal, request: Request) -> None:
        """Apply the rule.

        Raises:
            Forbidden: when the principal may not make this request.
        """
        refusal = self.refusal(principal, request)
        if refusal is not None:
            raise refusal

    def __and__(self, other: Rule) -> Rule:
        return AllOf((*_parts(self, AllOf), *_parts(other, AllOf))) if isinstance(other, Rule) else NotImplemented

    def __or__(self, other: Rule) -> Rule:
        return AnyOf((*_parts(self, AnyOf), *_parts(other, AnyOf))) if isinstance(other, Rule) else NotImplemented

    def __invert__(self) -> Rule:
        return Not(self)

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: object) -> NoReturn:
        """FastAPI asks for this where `require` itself is given to `Depends`, and takes its keywords for parameters."""
        raise ConfigError(PARENTHESES)


PARENTHESES = "write require() with parentheses; it takes rules, and names of rights by keyword, as in roles=..."


@dataclass(frozen=True, repr=False)
class Rights(Rule):
    """Requires rights by name, which are compared exactly.

    Attributes:
        right: the attribute of `Principal` that must hold what is required.
        names: never empty.
        require_all: whether every one of `names` is required, or any one.
    """

    right: Right
    names: frozenset[str]
    require_all: bool

    @property
    def scopes(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(sorted(self.names)) if self.right == "scopes" and self.require_all else ()

    def refusal(self, principal: Principal, request: Request) -> Forbidden | None:
        held: frozenset[str] = getattr(principal, self.right)
        if self.names <= held or (not self.require_all and self.names & held):
            return None
        if self.right != "scopes":
            return error_for(Forbidden, "rights", "forbidden")
        error = error_for(Forbidden, "rights", "insufficient_scope")
        error.scopes = tuple(sorted(self.names))
        return error

    def __repr__(self) -> str:
        names = ", ".join(map(repr, sorted(self.names)))
        is_default = self.require_all == _REQUIRE_ALL[self.right]
        return f"{self.right}({names}{'' if is_default else f', require_all={self.require_all}'})"


@dataclass(frozen=True, repr=False)
class AllOf(Rule):
    """Requires every one of several rules."""

    rules: tuple[Rule, ...]

    @property
    def scopes(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(sorted({scope for rule in self.rules for scope in rule.scopes}))

    def refusal(self, principal: Principal, request: Request) -> Forbidden | None:
        return next(filter(None, (rule.refusal(principal, request) for rule in self.rules)), None)

    def __repr__(self) -> str:
        return " & ".join(f"({rule!r})" if isinstance(rule, AnyOf) else repr(rule) for rule in self.rules)


@dataclass(frozen=True, repr=False)
class AnyOf(Rule):
    """Requires one of several rules; its refusal is that of the first."""

    rules: tuple[Rule, ...]

    def refusal(self, principal: Principal, request: Request) -> Forbidden | None:
        refusals = [rule.refusal(principal, request) for rule in self.rules]
        return None if None in refusals else refusals[0]

    def __repr__(self) -> str:
        return " | ".join(map(repr, self.rules))


@dataclass(frozen=True, repr=False)
class Not(Rule):
    """Requires that a rule is not fulfilled."""

    rule: Rule

    def refusal(self, principal: Principal, request: Request) -> Forbidden | None:
        return None if self.rule.refusal(principal, request) else error_for(Forbidden, "rights", "forbidden")

    def __repr__(self) -> str:
        return f"~({self.rule!r})" if isinstance(self.rule, (AllOf, AnyOf)) else f"~{self.rule!r}"


_REQUIRE_ALL: dict[Right, bool] = {"scopes": True, "permissions": True, "roles": False}


def roles(*names: str, require_all: bool = False) -> Rule:
    """Require any one of these roles.

    Raises:
        ConfigError: when none is named, or one is not a str or is blank.
    """
    return rights("roles", names, require_all)


def permissions(*names: str, require_all: bool = True) -> Rule:
    """Require every one of these permissions. Raises as `roles` does."""
    return rights("permissions", names, require_all)


def scopes(*names: str, require_all: bool = True) -> Rule:
    """Require every one of these scopes. Raises as `roles` does, and when one is not a scope-token (RFC 6749 §3.3)."""
    return rights("scopes", names, require_all)


def rights(right: Right, names: Names, require_all: bool) -> Rule:
    """Require rights of one kind. Raises as `scopes` does."""
    named = texts(right, names)
    if right == "scopes" and not all(map(_is_scope_token, named)):
        raise ConfigError("scopes holds a character that no scope can have (RFC 6749 §3.3)")
    return Rights(right, frozenset(named), flag(f"require_all of {right}", require_all))


def _is_scope_token(text: str) -> bool:
    return all("!" <= character <= "~" and character not in '"\\' for character in text)


def _parts(rule: Rule, kind: type[AllOf] | type[AnyOf]) -> tuple[Rule, ...]:
    return rule.rules if isinstance(rule, kind) else (rule,)
