"""One Flask view behind the guard that BENCH_GUARD names, for the case in the folder BENCH_CASE."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, g, request

from benchmarks import cases
from benchmarks.cases import Case

Answer = dict[str, str]


def unguarded(app: Flask, case: Case) -> None:
    @app.get("/")
    def view() -> Answer:
        return {"user": "ada"}


def authjwks(app: Flask, case: Case) -> None:
    from authjwks import HttpOptions, Verifier
    from authjwks.flask import AuthExtension

    http = HttpOptions(allow_http=True)
    auth = AuthExtension(Verifier(case.issuer, case.audience, jwks_uri=case.url, http=http))
    auth.init_app(app)

    @app.get("/")
    @auth.require()
    def view() -> Answer:
        return {"user": g.jwt["sub"]}


def ryjwt(app: Flask, case: Case) -> None:
    import ryjwt

    client = ryjwt.JWKSClient(case.url, algorithms=[case.algorithm], audience=case.audience, issuer=case.issuer)
    _guarded_by(app, lambda token: client.decode(token, leeway=30), ryjwt.InvalidTokenError)


def pyjwt(app: Flask, case: Case) -> None:
    import jwt

    client = jwt.PyJWKClient(case.url)
    checks = {"algorithms": [case.algorithm], "audience": case.audience, "issuer": case.issuer, "leeway": 30}

    _guarded_by(app, lambda token: jwt.decode(token, client.get_signing_key_from_jwt(token), **checks), jwt.PyJWTError)


def axioms(app: Flask, case: Case) -> None:
    from axioms_flask import init_axioms, register_axioms_error_handler
    from axioms_flask.decorators import has_valid_access_token

    app.config.update(AXIOMS_AUDIENCE=case.audience, AXIOMS_ISS_URL=case.issuer, AXIOMS_JWKS_URL=case.url)
    init_axioms(app)
    register_axioms_error_handler(app)

    def view() -> Answer:
        return {"user": g.auth_jwt.sub}

    app.get("/")(has_valid_access_token(view))


def _guarded_by(app: Flask, decode: Callable[[str], dict[str, Any]], refusal: type[Exception]) -> None:
    @app.get("/")
    def view() -> Answer | tuple[Answer, int]:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return {"error": "invalid_request"}, 401
        try:
            claims = decode(token)
        except refusal:
            return {"error": "invalid_token"}, 401
        return {"user": claims["sub"]}


GUARDS: dict[str, Callable[[Flask, Case], None]] = {
    "no auth": unguarded,
    "authjwks": authjwks,
    "ryjwt by hand": ryjwt,
    "PyJWKClient by hand": pyjwt,
    "axioms-flask": axioms,
}


def make() -> Flask:
    logging.disable()
    app = Flask("bench")
    GUARDS[os.environ["BENCH_GUARD"]](app, cases.read(Path(os.environ["BENCH_CASE"])))
    return app
