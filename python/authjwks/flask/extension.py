"""The Flask extension, and the decorators that it makes."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, Protocol

from flask import Flask, Response, current_app, request
from flask.typing import ResponseReturnValue
from flask.views import View

from authjwks.authenticators import TokenVerifier
from authjwks.challenge import ErrorResponse
from authjwks.errors import AuthError, ConfigError
from authjwks.flask.accessors import clear_principal, set_principal
from authjwks.flask.placement import Placement
from authjwks.guard import Guard
from authjwks.requirement import Requirement, RequireMixin
from authjwks.wsgi import WsgiRequest

P = ParamSpec("P")


class ViewDecorator(Protocol):
    """Makes of a view one that is guarded."""

    def __call__(self, view: Callable[P, Any], /) -> Callable[P, ResponseReturnValue]:
        """Raises ConfigError for what is no function."""


class AuthExtension(RequireMixin[ViewDecorator]):
    """A Flask extension that admits the callers whom its guard admits.

    `require` returns a decorator for views, plain or `async def`, that answers other callers with 400, 401, 403 or 503.
    In the view, `current_principal()` is the caller and `current_claims()` the claims; `g.principal` and `g.jwt` are
    the same. It stands below the route's decorator (above it, it guards nothing, which only `init_app` can find), or in
    `MethodView.decorators`. A CORS preflight is answered without asking for a token: it never carries one.

    One object may serve several apps; an app given to `init_app` with a guard of its own is guarded by that one.

    Args:
        guard: a verifier, or an `authjwks.guard.Guard` for other options than its defaults; of every app without one
            of its own.
        app: given to `init_app`.

    Raises:
        ConfigError: as `authjwks.guard.Guard` does.
    """

    def __init__(self, guard: Guard | TokenVerifier | None = None, *, app: Flask | None = None) -> None:
        self._guard = None if guard is None else Guard.of(guard)
        self._placement = Placement()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, guard: Guard | TokenVerifier | None = None) -> None:
        """Serve `app`, with a guard of its own if one is given; `app.extensions["authjwks"]` maps this to its guard.

        From then on, no request is served if a view was registered without the guard that `require` made for it. This
        is checked now and before the first request, so it may be called once more when all views are registered.

        Raises:
            ConfigError: when neither the app nor this extension has a guard; and now, or per request, when a function
                that `require` was put on is a view of the app, and what `require` made of it is not.
        """
        own = self._guard if guard is None else Guard.of(guard)
        if own is None:
            raise ConfigError("give AuthExtension or init_app a verifier")
        guards = app.extensions.setdefault("authjwks", {})
        if self not in guards:
            self._placement.check_before_requests(app)
        guards[self] = own
        self._placement.check(app)

    def handle_error(self, error: AuthError) -> Response:
        """The answer to an `AuthError` that a view or a function of yours raises, in the form of all refusals:
        `app.register_error_handler(AuthError, auth.handle_error)`.

        Raises:
            AuthError: `error` itself when no request causes it, as is the case for a ConfigError.
        """
        return _response(self._current_guard().error_response(error))

    def _guarded(self, requirement: Requirement) -> ViewDecorator:
        def decorate(view: Callable[P, Any], /) -> Callable[P, ResponseReturnValue]:
            _check_view(view)
            is_async = iscoroutinefunction(view)

            @functools.wraps(view)
            def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
                environ = request.environ
                if "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ and environ["REQUEST_METHOD"] == "OPTIONS":
                    return current_app.make_default_options_response()
                guard = self._current_guard()
                try:
                    principal = guard.admit(WsgiRequest(environ), requirement.rules, optional=requirement.optional)
                except AuthError as error:
                    clear_principal()
                    return _response(guard.error_response(error))
                set_principal(principal)
                run: Callable[P, ResponseReturnValue] = current_app.ensure_sync(view) if is_async else view
                return run(*args, **kwargs)

            self._placement.add(view, guarded)
            return guarded

        return decorate

    def _current_guard(self) -> Guard:
        guard: Guard | None = current_app.extensions.get("authjwks", {}).get(self, self._guard)
        if guard is None:
            raise ConfigError("this app has no verifier; call init_app")
        return guard


def _check_view(view: object) -> None:
    if isinstance(view, type) and issubclass(view, View):
        raise ConfigError("for a class of views, name require(...) in its `decorators`")
    if not callable(view):
        raise ConfigError("require(...) decorates a view")


def _response(error: ErrorResponse) -> Response:
    return Response(json.dumps(error.body), error.status, error.headers, mimetype="application/json")
