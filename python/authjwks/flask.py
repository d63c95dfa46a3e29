"""Guards Flask views: `@auth.require(...)` lets a view run only for callers who may."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec

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
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, verifier: Verifier | None = None) -> None:
        """Serve `app`, with a verifier of its own if one is given; `app.extensions["authjwks"]` maps this to its guard.

        Raises:
            ConfigError: when neither the app nor this extension has a verifier.
        """
        guard = self._guard if verifier is None else self._guard_of(verifier)
        if guard is None:
            raise ConfigError("give AuthExtension or init_app a verifier")
        app.extensions.setdefault("authjwks", {})[self] = guard

    def require(
        self, *misplaced: object, **asked: Unpack[Requirement]
    ) -> Callable[[Callable[P, Any]], Callable[P, ResponseReturnValue]]:
        """A decorator for views, plain or `async def`, that answers callers who may not with 400, 401, 403 or 503.

        In the view, `g.jwt` is the dict of claims and `g.principal` the caller. It stands below the route's decorator
        (above it, it guards nothing), or in `MethodView.decorators`. A CORS preflight is answered without asking for a
        token: it never carries one.

        Args:
            asked: the keywords of `authjwks.rules.requirement`; none of them asks for a good token only.

        Raises:
            ConfigError: when a requirement is empty or illegal, or `require` is written without parentheses; and per
                request, when the app has no verifier.
        """
        rules = requirement(*misplaced, **asked)

        def decorate(view: Callable[P, Any]) -> Callable[P, ResponseReturnValue]:
            @functools.wraps(view)
            def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
                if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
                    return current_app.make_default_options_response()
                guard = self._current_guard()
                try:
                    principal = guard.admit(request.headers.getlist, rules)
                except AuthError as error:
                    g.pop("jwt", None)
                    g.pop("principal", None)
                    return _response(guard.answer_to(error))
                g.jwt, g.principal = principal.claims, principal
                run: Callable[P, ResponseReturnValue] = current_app.ensure_sync(view)
                return run(*args, **kwargs)

            return guarded

        return decorate

    def _current_guard(self) -> Guard:
        guard: Guard | None = current_app.extensions.get("authjwks", {}).get(self, self._guard)
        if guard is None:
            raise ConfigError("this app has no verifier; call init_app")
        return guard


def _response(answer: Answer) -> Response:
    return Response(json.dumps(answer.body), answer.status, answer.headers, mimetype="application/json")
