"""Tasks and guarded routes get claims of their own."""

import asyncio
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from flask import Flask, g
from tests.support.token_cache import cache_of
from tests.support.verdicts import verdict_async

from authjwks.fastapi import Auth as FastApiAuth
from authjwks.flask import AuthExtension
from authjwks.testing import tampered


def test_tasks_get_claims_of_their_own(own_issuer, found):
    token = own_issuer.mint({"roles": ["a"]}, alg="ES256")

    async def ask():
        answers = await asyncio.gather(*(found.verify_async(token) for _ in range(20)))
        for claims in answers:
            assert claims["roles"] == ["a"]
            claims["roles"].append("admin")
        return await found.verify_async(token)

    assert asyncio.run(ask())["roles"] == ["a"]
    assert cache_of(found).hits > 0
    assert asyncio.run(verdict_async(found, tampered(token))) == "bad_signature"


def test_flask_view_that_changes_its_principal_affects_no_later_request(own_issuer, fixed):
    app = Flask(__name__)
    auth = AuthExtension(fixed, app=app)

    @app.get("/roles")
    @auth.require()
    def roles():
        before = list(g.principal.claims["roles"])
        g.principal.claims["roles"].append("admin")
        g.jwt["sub"] = "someone else"
        return before

    header = {"Authorization": f"Bearer {own_issuer.mint(roles=['reader'])}"}
    answers = [app.test_client().get("/roles", headers=header).json for _ in range(3)]

    assert answers == [["reader"]] * 3
    assert cache_of(fixed).hits == 2
    forged = {"Authorization": header["Authorization"][:-6] + "AAAAAA"}
    assert app.test_client().get("/roles", headers=forged).status_code == 401


def test_fastapi_route_that_changes_its_claims_grants_no_later_request(own_issuer, fixed):
    app = FastAPI()
    auth = FastApiAuth(fixed)

    @app.get("/roles")
    def roles(claims: Annotated[dict[str, Any], Depends(auth.require(roles="reader"))]) -> list[str]:
        before = list(claims["roles"])
        claims["roles"].append("admin")
        return before

    @app.get("/admin", dependencies=[Depends(auth.require(roles="admin"))])
    def admin() -> None:
        pass

    header = {"Authorization": f"Bearer {own_issuer.mint(roles=['reader'])}"}
    with TestClient(app) as client:
        for _ in range(3):
            assert client.get("/roles", headers=header).json() == ["reader"]
            assert client.get("/admin", headers=header).status_code == 403
    assert cache_of(fixed).hits == 5
