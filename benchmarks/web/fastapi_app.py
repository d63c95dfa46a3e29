"""One FastAPI route behind the guard that BENCH_GUARD names, for the case in the folder BENCH_CASE."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Request

from benchmarks import cases
from benchmarks.cases import Case

Claims = dict[str, Any]
Answer = dict[str, str]


def unguarded(app: FastAPI, case: Case) -> None:
    @app.get("/")
    async def view() -> Answer:
        return {"user": "ada"}


def empty(app: FastAPI, case: Case) -> None:
    async def caller() -> Claims:
        return {"sub": "ada"}

    _guarded_by(app, caller)


def authjwks(app: FastAPI, case: Case) -> None:
    from authjwks import HttpOptions, Verifier
    from authjwks.fastapi import Auth

    auth = Auth(Verifier(case.issuer, case.audience, jwks_uri=case.url, http=HttpOptions(allow_http=True)))
    _guarded_by(app, auth.require())


def ryjwt(app: FastAPI, case: Case) -> None:
    import ryjwt

    client = ryjwt.JWKSClient(case.url, algorithms=[case.algorithm], audience=case.audience, issuer=case.issuer)

    async def caller(request: Request) -> Claims:
        try:
            claims: Claims = await client.adecode(_token(request), leeway=30)
        except ryjwt.InvalidTokenError as refusal:
            raise HTTPException(401) from refusal
        return claims

    _guarded_by(app, caller)


def pyjwt(app: FastAPI, case: Case) -> None:
    import jwt

    client = jwt.PyJWKClient(case.url)
    checks = {"algorithms": [case.algorithm], "audience": case.audience, "issuer": case.issuer, "leeway": 30}

    async def caller(request: Request) -> Claims:
        token = _token(request)
        try:
            claims: Claims = jwt.decode(token, client.get_signing_key_from_jwt(token), **checks)
        except jwt.PyJWTError as refusal:
            raise HTTPException(401) from refusal
        return claims

    _guarded_by(app, caller)


def auth_jwks(app: FastAPI, case: Case) -> None:
    import jwt
    from auth_jwks import JWKS

    keys = JWKS(jwks_uri=case.url, aud=case.audience, issuer=case.issuer, allowed_algorithms={case.algorithm})

    async def caller(request: Request) -> Claims:
        try:
            claims: Claims = await keys.verify_token(_token(request))
        except jwt.PyJWTError as refusal:
            raise HTTPException(401) from refusal
        return claims

    _guarded_by(app, caller)


def _guarded_by(app: FastAPI, caller: Callable[..., Any]) -> None:
    @app.get("/")
    async def view(claims: Claims = Depends(caller)) -> Answer:
        return {"user": claims["sub"]}


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(401)
    return token


GUARDS: dict[str, Callable[[FastAPI, Case], None]] = {
    "no auth": unguarded,
    "an empty dependency": empty,
    "authjwks": authjwks,
    "ryjwt by hand": ryjwt,
    "PyJWKClient by hand": pyjwt,
    "auth-jwks": auth_jwks,
}


def make() -> FastAPI:
    logging.disable()
    app = FastAPI()
    GUARDS[os.environ["BENCH_GUARD"]](app, cases.read(Path(os.environ["BENCH_CASE"])))
    return app
