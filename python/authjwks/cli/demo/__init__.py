"""The demo: an issuer, three guarded apps on real servers, and callers with good and bad tokens, all in one process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from authjwks import HttpOptions, Verifier
from authjwks.cli.demo.apps import fastapi_app, flask_app, strawberry_app
from authjwks.cli.demo.clients import Seen, ask_graphql, ask_http, ask_websocket
from authjwks.cli.demo.servers import asgi_server, wsgi_server
from authjwks.cli.demo.table import print_table
from authjwks.testing import Issuer, tampered

_TITLES = ("APP", "CALLER'S TOKEN", "STATUS", "CODE OR CALLER", "CHALLENGE", "AS EXPECTED")
_REFUSED = 'Bearer error="invalid_token"'


class App(NamedTuple):
    """A guarded app: where it is, how it is asked, and the status it welcomes callers with."""

    name: str
    address: str
    ask: Callable[[str, Mapping[str, str]], Seen]
    welcome: int


class Case(NamedTuple):
    """A caller: the token that is sent, and what the app must answer; None stands for a welcome."""

    name: str
    token: str | None
    refusal: Seen | None


def run() -> int:
    """Ask every app with every token and print what came back; 0 when each answer is the expected one, else 1."""
    with _quiet("strawberry.execution"), Issuer() as issuer, _guarded_apps(issuer) as apps:
        print(f"Tokens by {issuer.issuer} for {issuer.audience}; each app asks for the role editor.\n")
        rows, verdicts = [], []
        for app in apps:
            for case in _cases(issuer):
                seen = app.ask(app.address, {"Authorization": f"Bearer {case.token}"} if case.token else {})
                verdicts.append(seen == (case.refusal or Seen(app.welcome, "ada", "")))
                rows.append((app.name, case.name, str(seen.status), *seen[1:], "yes" if verdicts[-1] else "NO"))
        fetches = issuer.fetches["/jwks"]
    print_table(_TITLES, rows, verdicts)
    print("\nGraphQL itself answers 200: Strawberry's rows show the status and challenge in the error's extensions.")
    print(f"{sum(verdicts)} of {len(verdicts)} answers as expected. Fetches of the issuer's keys: {fetches}.")
    return 0 if all(verdicts) else 1


@contextmanager
def _guarded_apps(issuer: Issuer) -> Iterator[tuple[App, ...]]:
    verifier = Verifier(issuer.issuer, issuer.audience, http=HttpOptions(allow_http=True))
    with (
        wsgi_server(flask_app(verifier)) as flask,
        asgi_server(fastapi_app(verifier)) as fastapi,
        asgi_server(strawberry_app(verifier)) as strawberry,
    ):
        yield (
            App("Flask", flask, ask_http, 200),
            App("FastAPI", fastapi, ask_http, 200),
            App("FastAPI WebSocket", fastapi, ask_websocket, 101),
            App("Strawberry", strawberry, ask_graphql, 200),
        )


@contextmanager
def _quiet(logger_name: str) -> Iterator[None]:
    """Keep a logger from reporting every refusal as an error, with its traceback."""
    logger = logging.getLogger(logger_name)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _cases(issuer: Issuer) -> tuple[Case, ...]:
    good = issuer.mint(sub="ada", roles=["editor"])
    return (
        Case("good", good, None),
        Case("none", None, Seen(401, "missing_token", "Bearer")),
        Case("expired", issuer.mint(lifetime=-3600), Seen(401, "expired", _REFUSED)),
        Case("tampered with", tampered(good), Seen(401, "bad_signature", _REFUSED)),
        Case("forged, known key id", issuer.mint(key=issuer.impostor()), Seen(401, "bad_signature", _REFUSED)),
        Case("for another audience", issuer.mint(aud="https://other.example"), Seen(401, "wrong_audience", _REFUSED)),
        Case("without the role", issuer.mint(), Seen(403, "forbidden", 'Bearer error="insufficient_scope"')),
    )
