"""Guards Strawberry fields: `permission_classes=[auth.require(...)]` lets a resolver run only for callers who may."""

from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar

from graphql import GraphQLError
from strawberry.permission import BasePermission
from strawberry.types import Info

from authjwks.challenge import Answer
from authjwks.errors import AuthError, ConfigError
from authjwks.extract import Source, bearer
from authjwks.guard import Guard
from authjwks.principal import ClaimPaths, Principal
from authjwks.rules import Requirement, Rule, requirement
from authjwks.verifier import Verifier

if TYPE_CHECKING:
    from typing_extensions import Unpack

_KEY = "authjwks.principal"
_refusal: ContextVar[Answer] = ContextVar("authjwks.refusal")


class Refused(GraphQLError):
    """A refused field: the reason's sentence, with `extensions` of `code` (its slug) and `http`.

    `http` has the `status` and `headers` that a REST route would have answered with. Clients, extensions and logs get
    a copy that Strawberry makes, whose `original_error` is this.
    """

    def __init__(self, answer: Answer) -> None:
        http = {"status": answer.status, "headers": answer.headers}
        super().__init__(answer.body["detail"], extensions={"code": answer.body["code"], "http": http})


class _Permission(BasePermission):
    guard: ClassVar[Guard]
    rules: ClassVar[tuple[Rule, ...]]
    # A directive in the schema would be named after the class, and every requirement has a class of its own.
    schema_directive = None

    def on_unauthorized(self) -> None:
        raise Refused(_refusal.get())


class _SyncPermission(_Permission):
    def has_permission(self, source: Any, info: Info[Any, Any], **kwargs: Any) -> bool:
        request = _request(info)
        try:
            principal = self.guard.admit(request.headers.getlist, self.rules)
        except AuthError as error:
            return _refuse(self.guard, error)
        return _admit(info, request, principal)


class _AsyncPermission(_Permission):
    # Must be `async def` itself: of anything else Strawberry may take the awaitable for the answer, and a yes.
    async def has_permission(self, source: Any, info: Info[Any, Any], **kwargs: Any) -> bool:
        request = _request(info)
        try:
            principal = await self.guard.admit_async(request.headers.getlist, self.rules)
        except AuthError as error:
            return _refuse(self.guard, error)
        return _admit(info, request, principal)


class Auth:
    """Makes permission classes that admit the callers whom a verifier knows.

    For schemas that are executed synchronously, as in Flask. Under an event loop use `AsyncAuth`: this one would block
    the loop while it waits for keys.

    The execution context must be a dict with the HTTP request or WebSocket under "request" (or "ws"), or an object
    with it as an attribute, as in Strawberry's Flask, FastAPI and ASGI integrations.

    Args:
        verifier, claims, source, realm: as for `authjwks.guard.Guard`.

    Raises:
        ConfigError: as `authjwks.guard.Guard` does.
    """

    _permission: ClassVar[type[_Permission]] = _SyncPermission

    def __init__(
        self,
        verifier: Verifier,
        *,
        claims: ClaimPaths = ClaimPaths(),
        source: Source = bearer(),
        realm: str | None = None,
    ) -> None:
        self._guard = Guard(verifier, source=source, claims=claims, realm=realm)
        self._classes: dict[tuple[Rule, ...], type[BasePermission]] = {}

    def require(self, *misplaced: object, **asked: "Unpack[Requirement]") -> type[BasePermission]:
        """A class for `permission_classes`; the same one for the same requirement.

        In the resolver, `current_claims(info)` are the caller's claims.

        Args:
            asked: the keywords of `authjwks.rules.requirement`; none of them asks for a good token only.

        Raises:
            ConfigError: when a requirement is empty or illegal; and per request, when the context holds no request.
            Refused: per field that is refused.
        """
        rules = requirement(*misplaced, **asked)
        if rules not in self._classes:
            self._classes[rules] = type("Requires", (self._permission,), {"guard": self._guard, "rules": rules})
        return self._classes[rules]


class AsyncAuth(Auth):
    """As `Auth`, for schemas that are executed by an event loop: waits for keys without blocking it."""

    _permission = _AsyncPermission


def current_principal(info: Info[Any, Any]) -> Principal:
    """The caller whom this field admitted; in an open field, the one whom another of this request did, the latest.

    Raises:
        ConfigError: when no guarded field did, or the context holds no request.
    """
    principal = vars(info).get(_KEY) or _state(_request(info)).get(_KEY)
    if not isinstance(principal, Principal):
        raise ConfigError("no field that asks for a token admitted this request")
    return principal


def current_claims(info: Info[Any, Any]) -> dict[str, Any]:
    """The claims of `current_principal`. Raises as it does."""
    return current_principal(info).claims


def _request(info: Info[Any, Any]) -> Any:
    context = info.context
    for name in ("request", "ws"):
        request = context.get(name) if isinstance(context, dict) else getattr(context, name, None)
        if hasattr(getattr(request, "headers", None), "getlist"):
            return request
    raise ConfigError("the GraphQL context holds no request")


def _state(request: Any) -> MutableMapping[str, Any]:
    """What lives as long as the request: the ASGI scope, or the WSGI environment."""
    state: MutableMapping[str, Any] = request.scope if hasattr(request, "scope") else request.environ
    return state


def _admit(info: Info[Any, Any], request: Any, principal: Principal) -> bool:
    """Admits; `info` goes from here to the field's resolver, and no further."""
    vars(info)[_KEY] = _state(request)[_KEY] = principal
    return True


def _refuse(guard: Guard, error: AuthError) -> bool:
    """Refuses; `on_unauthorized`, which comes next, finds the answer. An error kept here would keep its request."""
    _refusal.set(guard.answer_to(error))
    return False
