"""Guards Flask views: `@auth.require(...)` lets a view run only for callers who may."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from inspect import iscoroutinefunction
from types import FunctionType
from typing import TYPE_CHECKING, Any, ParamSpec
from weakref import WeakKeyDictionary, WeakSet

from flask import Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue

from authjwks.challenge import Answer
from authjwks.errors import AuthError, ConfigError
from authjwks.extract import Source, bearer
from authjwks.guard import Guard
from authjwks.principal import ClaimPaths
from authjwks.rules import Requirement, requirement
from authjwks.verifier import Verifier

if TYPE_CHECKING:
    from typing_extensions import Unpack

P = ParamSpec("P")

# More than any view has: what a function says it wraps may lead back to itself.
_MOST_LAYERS = 100


class AuthExtension:
    """A Flask extension that admits the callers whom a verifier knows.

    One object may serve several apps; an app given to `init_app` with a verifier of its own is judged by that one.

    Args:
        verifier: judges the tokens of every app without a verifier of its own.
        claims, source, realm: as for `authjwks.guard.Guard`.
        app: given to `init_app`.

    Raises:
        ConfigError: as `authjwks.guard.Guard` does.
    """

    def __init__(
        self,
        verifier: Verifier | None = None,
        *,
        claims: ClaimPaths = ClaimPaths(),
        source: Source = bearer(),
        realm: str | None = None,
        app: Flask | None = None,
    ) -> None:
        self._guard_of = functools.partial(Guard, source=source, claims=claims, realm=realm)
        self._guard = None if verifier is None else self._guard_of(verifier)
        self._placement = _Placement()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, verifier: Verifier | None = None) -> None:
        """Serve `app`, with a verifier of its own if one is given; `app.extensions["authjwks"]` maps this to its guard.

        From then on, no request is served if a view was registered without the guard that `require` made for it. This
        is looked at now and before the first request, so it may be called once more when all views are registered.

        Raises:
            ConfigError: when neither the app nor this extension has a verifier; and now, or per request, when a
                function that `require` was put on is a view of the app, and what `require` made of it is not.
        """
        guard = self._guard if verifier is None else self._guard_of(verifier)
        if guard is None:
            raise ConfigError("give AuthExtension or init_app a verifier")
        guards = app.extensions.setdefault("authjwks", {})
        if self not in guards:
            self._placement.check_before_requests(app)
        guards[self] = guard
        self._placement.check(app)

    def require(
        self, *misplaced: object, **asked: Unpack[Requirement]
    ) -> Callable[[Callable[P, Any]], Callable[P, ResponseReturnValue]]:
        """A decorator for views, plain or `async def`, that answers callers who may not with 400, 401, 403 or 503.

        In the view, `g.jwt` is the dict of claims and `g.principal` the caller. It stands below the route's decorator
        (above it, it guards nothing, which only `init_app` can see to), or in `MethodView.decorators`. A CORS preflight
        is answered without asking for a token: it never carries one.

        Args:
            asked: the keywords of `authjwks.rules.requirement`; none of them asks for a good token only.

        Raises:
            ConfigError: when a requirement is empty or illegal, or `require` is written without parentheses; and per
                request, when the app has no verifier.
        """
        rules = requirement(*misplaced, **asked)

        def decorate(view: Callable[P, Any]) -> Callable[P, ResponseReturnValue]:
            is_async = iscoroutinefunction(view)

            @functools.wraps(view)
            def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
                if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
                    return current_app.make_default_options_response()
                guard = self._current_guard()
                try:
                    principal = guard.admit(_headers, rules)
                except AuthError as error:
                    g.pop("jwt", None)
                    g.pop("principal", None)
                    return _response(guard.answer_to(error))
                g.jwt, g.principal = principal.claims, principal
                run: Callable[P, ResponseReturnValue] = current_app.ensure_sync(view) if is_async else view
                return run(*args, **kwargs)

            self._placement.remember(view, guarded)
            return guarded

        return decorate

    def _current_guard(self) -> Guard:
        guard: Guard | None = current_app.extensions.get("authjwks", {}).get(self, self._guard)
        if guard is None:
            raise ConfigError("this app has no verifier; call init_app")
        return guard


class _Placement:
    """Knows which functions have guards, and so finds a view that was registered without its own."""

    def __init__(self) -> None:
        self._guards: WeakKeyDictionary[FunctionType, WeakSet[object]] = WeakKeyDictionary()

    def remember(self, view: object, guarded: object) -> None:
        for layer in _layers(view):
            self._guards.setdefault(layer, WeakSet()).add(guarded)

    def check(self, app: Flask) -> None:
        registered = {layer for view in app.view_functions.values() for layer in _layers(view)}
        for endpoint, view in app.view_functions.items():
            for layer in _layers(view):
                guards = self._guards.get(layer)
                if guards is not None and registered.isdisjoint(guards):
                    raise ConfigError(
                        f"require() guards nothing at endpoint {endpoint!r}: put it below the route's decorator"
                    )

    def check_before_requests(self, app: Flask) -> None:
        """Check the app before its first request, and before the next ones for as long as that fails."""

        def check() -> None:
            self.check(app)
            hooks = app.before_request_funcs
            hooks[None] = [hook for hook in hooks[None] if hook is not check]  # anew: Flask is going through the old

        app.before_request(check)


def _layers(view: object) -> Iterator[FunctionType]:
    """The functions that a view consists of, the outermost first, as far as they tell by `functools.wraps`."""
    for _ in range(_MOST_LAYERS):
        if isinstance(view, FunctionType):
            yield view
        view = getattr(view, "__wrapped__", None)


def _headers(name: str) -> tuple[str, ...]:
    """A header of the current request. WSGI joins those of one name into one (PEP 3333)."""
    value = request.headers.get(name)
    return () if value is None else (value,)


def _response(answer: Answer) -> Response:
    return Response(json.dumps(answer.body), answer.status, answer.headers, mimetype="application/json")
