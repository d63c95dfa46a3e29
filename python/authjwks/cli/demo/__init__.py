"""The demo: an issuer, three guarded apps on real servers, and callers with good and bad tokens, all in one process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from authjwks import HttpOptions, Verifier
from authjwks.cli.demo.apps import fastapi_app, flask_app, strawberry_app
from authjwks.cli.demo.clients import Seen, ask_graphql, ask_http, ask_websocket
from authjwks.cli.demo.key_life import steps
from authjwks.cli.demo.servers import asgi_server, wsgi_server
from authjwks.cli.demo.table import print_table
from authjwks.testing import Issuer, tampered

_TITLES = ("APP", "CALLER'S TOKEN", "STATUS", "CODE OR CALLER", "CHALLENGE", "AS EXPECTED")
_LIFE_TITLES = ("WHAT HAPPENS", "CALLER'S TOKEN", "STATUS", "CODE OR CALLER", "CHALLENGE", "AS EXPECTED")
_REFUSED = 'Bearer error="invalid_token"'


class App(NamedTuple):
    """A guarded app: where it is, how it is asked, and the status that callers who may get."""

    name: str
    address: str
    ask: Callable[[str, Mapping[str, str]], Seen]
    success: int


class Case(NamedTuple):
    """A caller: the token that is sent, and how the app must refuse it; None when the caller may."""

    name: str
    token: str | None
    refusal: Seen | None


def run() -> int:
    """Ask every app with every token and print the responses; 0 when each is the expected one, else 1."""
    with _quiet("strawberry.execution"), _quiet("authjwks"), Issuer() as issuer:
        verifier = Verifier(issuer.issuer, issuer.audience, http=HttpOptions(allow_http=True))
        with _guarded_apps(verifier) as apps:
            print(f"Tokens by {issuer.issuer} for {issuer.audience}; each app asks for the role editor.\n")
            verdicts = _ask_every_app(apps, issuer)
            print("\nGraphQL answers 200: Strawberry's rows show the status and challenge of the error's extensions.")
            print(
                f"Fetches of the issuer's keys so far: {issuer.fetches['/jwks']}. Signatures that fail cause a few.\n"
            )
            verdicts += _ask_while_keys_change(apps[0], issuer, verifier)
            fetches = issuer.fetches["/jwks"]
    print(f"\n{sum(verdicts)} of {len(verdicts)} answers as expected. Fetches of the issuer's keys: {fetches}.")
    return 0 if all(verdicts) else 1


def _ask_every_app(apps: tuple[App, ...], issuer: Issuer) -> list[bool]:
    rows, verdicts = [], []
    for app in apps:
        for case in _cases(issuer):
            seen = app.ask(app.address, {"Authorization": f"Bearer {case.token}"} if case.token else {})
            verdicts.append(seen == (case.refusal or Seen(app.success, "ada", "")))
            rows.append((app.name, case.name, str(seen.status), *seen[1:], "yes" if verdicts[-1] else "NO"))
    print_table(_TITLES, rows, verdicts)
    return verdicts


def _ask_while_keys_change(app: App, issuer: Issuer, verifier: Verifier) -> list[bool]:
    rows, verdicts = [], []
    for step in steps(issuer, verifier):
        seen = app.ask(app.address, {"Authorization": f"Bearer {step.token}"})
        verdicts.append(seen == (step.refusal or Seen(app.success, "ada", "")))
        rows.append((step.event, step.name, str(seen.status), *seen[1:], "yes" if verdicts[-1] else "NO"))
    print_table(_LIFE_TITLES, rows, verdicts)
    return verdicts


@contextmanager
def _guarded_apps(verifier: Verifier) -> Iterator[tuple[App, ...]]:
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
