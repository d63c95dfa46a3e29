"""The permission classes that guard Strawberry fields."""

from abc import ABCMeta
from contextvars import ContextVar
from typing import Any, ClassVar

from graphql import GraphQLError
from strawberry.permission import BasePermission
from strawberry.types import Info

from authjwks.authenticators import TokenVerifier
from authjwks.challenge import ErrorResponse
from authjwks.errors import AuthError, ConfigError
from authjwks.guard import Guard
from authjwks.requirement import Requirement, RequireMixin
from authjwks.rules import PARENTHESES
from authjwks.strawberry.accessors import set_principal
from authjwks.strawberry.context import request_of

_error: ContextVar[ErrorResponse] = ContextVar("authjwks.error")


class Refused(GraphQLError):
    """A refused field: the reason's sentence, with `extensions` of `code` (its slug), `http` and, where a claim is the
    reason, `claim` (its name).

    `http` has the `status` and `headers` (name to value; values of one name are joined by ", ") that a REST route would
    have answered with. Clients, extensions and logs get a copy that Strawberry makes, whose `original_error` is this.
    """

    def __init__(self, response: ErrorResponse) -> None:
        extensions: dict[str, Any] = {name: response.body[name] for name in ("code", "claim") if name in response.body}
        extensions["http"] = {"status": response.status, "headers": response.joined_headers()}
        super().__init__(response.body["detail"], extensions=extensions)


class _PermissionType(ABCMeta):
    """Refuses `permission_classes=[auth.require]`: Strawberry calls that, takes the class it gets for an instance, and
    looks this method up when the schema is made.
    """

    @property
    def has_permission(cls) -> Any:
        if "requirement" in vars(cls):
            raise ConfigError(PARENTHESES)
        return next(vars(kind)["has_permission"] for kind in cls.__mro__ if "has_permission" in vars(kind))


class _Permission(BasePermission, metaclass=_PermissionType):
    guard: ClassVar[Guard]
    requirement: ClassVar[Requirement]
    # A directive in the schema would be named after the class, and every requirement has a class of its own.
    schema_directive = None

    def on_unauthorized(self) -> None:
        raise Refused(_error.get())


class _SyncPermission(_Permission):
    def has_permission(self, source: Any, info: Info[Any, Any], **kwargs: Any) -> bool:
        rules, optional = self.requirement
        try:
            principal = self.guard.admit(request_of(info), rules, optional=optional)
        except AuthError as error:
            return _refuse(self.guard, error)
        set_principal(info, principal)
        return True


class _AsyncPermission(_Permission):
    # Must be `async def` itself: of anything else Strawberry may take the awaitable for the answer, and a yes.
    async def has_permission(self, source: Any, info: Info[Any, Any], **kwargs: Any) -> bool:
        rules, optional = self.requirement
        try:
            principal = await self.guard.admit_async(request_of(info), rules, optional=optional)
        except AuthError as error:
            return _refuse(self.guard, error)
        set_principal(info, principal)
        return True


class Auth(RequireMixin[type[BasePermission]]):
    """Makes permission classes that admit the callers whom its guard admits.

    `require` returns a class for `permission_classes`; the same one for the same requirement. In the resolver,
    `current_principal(info)` is the caller and `current_claims(info)` are the claims. Per field that is refused it
    raises `Refused`; and ConfigError when the context holds no request.

    For schemas that are executed synchronously, as in Flask. Under an event loop use `AsyncAuth`: this one would block
    the loop while it waits for keys.

    The execution context must be a dict with the HTTP request or WebSocket under "request" (or "ws"), or an object
    with it as an attribute, as in Strawberry's Flask, FastAPI and ASGI integrations.

    Args:
        guard: a verifier, or an `authjwks.guard.Guard` for other options than its defaults.

    Raises:
        ConfigError: as `authjwks.guard.Guard` does.
    """

    _permission: ClassVar[type[_Permission]] = _SyncPermission

    def __init__(self, guard: Guard | TokenVerifier) -> None:
        self._guard = Guard.of(guard)
        self._classes: dict[Requirement, type[BasePermission]] = {}

    def _guarded(self, requirement: Requirement) -> type[BasePermission]:
        if requirement not in self._classes:
            made: Any = _PermissionType("Requires", (self._permission,), {"__module__": __name__, "guard": self._guard})
            made.requirement = requirement  # afterwards: Python looks the method up while it makes the class
            self._classes[requirement] = made
        return self._classes[requirement]


class AsyncAuth(Auth):
    """As `Auth`, for schemas that are executed by an event loop: waits for keys without blocking it."""

    _permission = _AsyncPermission


def _refuse(guard: Guard, error: AuthError) -> bool:
    """Refuse; `on_unauthorized`, called next, finds the response. An error kept here would keep its request alive."""
    _error.set(guard.error_response(error))
    return False
