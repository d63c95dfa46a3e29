"""An outage at the door of every framework: 503 for unknown keys, 401 as ever for bad tokens."""

import pytest
import strawberry
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from flask import Flask
from strawberry.flask.views import GraphQLView
from tests.support.key_life import notice_outage
from tests.support.verdicts import verdict
from tests.support.verifiers import verifier_of
from tests.support.waiting import eventually

from authjwks import KeyOptions
from authjwks.fastapi import Auth as FastApiAuth
from authjwks.flask import AuthExtension
from authjwks.strawberry import Auth as StrawberryAuth

pytestmark = pytest.mark.slow


def ask_flask(verifier, headers):
    app = Flask(__name__)
    app.get("/")(AuthExtension(verifier).require()(lambda: "ok"))
    answer = app.test_client().get("/", headers=headers)
    return answer.status_code, answer.headers.get("Retry-After"), answer.headers.get("WWW-Authenticate")


def ask_fastapi(verifier, headers):
    app = FastAPI()
    app.get("/", dependencies=[Depends(FastApiAuth(verifier).require())])(lambda: "ok")
    answer = TestClient(app).get("/", headers=headers)
    return answer.status_code, answer.headers.get("Retry-After"), answer.headers.get("WWW-Authenticate")


def ask_strawberry(verifier, headers):
    @strawberry.type
    class Query:
        name: str | None = strawberry.field(
            resolver=lambda: "ok", permission_classes=[StrawberryAuth(verifier).require()]
        )

    app = Flask(__name__)
    view = GraphQLView.as_view("graphql", schema=strawberry.Schema(Query))
    app.add_url_rule("/", view_func=view)
    answer = app.test_client().post("/", json={"query": "{ name }"}, headers=headers)
    if "errors" not in answer.json:
        return answer.status_code, None, None
    http = answer.json["errors"][0]["extensions"]["http"]
    return http["status"], http["headers"].get("Retry-After"), http["headers"].get("WWW-Authenticate")


@pytest.mark.parametrize("ask", [ask_flask, ask_fastapi, ask_strawberry])
def test_unknown_key_in_an_outage_gets_503_and_known_keys_serve(own_issuer, ask):
    verifier = verifier_of(own_issuer, keys=KeyOptions(cooldown=0))
    known = {"Authorization": f"Bearer {own_issuer.mint()}"}
    verifier.prefetch()
    own_issuer.rotate()
    unknown = {"Authorization": f"Bearer {own_issuer.mint()}"}

    with own_issuer.outage():
        for _ in range(3):
            status, retry_after, challenge = ask(verifier, unknown)
            assert (status, challenge) == (503, None)
            assert int(retry_after) >= 1
            assert ask(verifier, known)[0] == 200

    statuses = []
    eventually(lambda: statuses.append(ask(verifier, unknown)[0]) or statuses[-1] == 200)
    assert set(statuses) <= {200, 503}


def test_bad_token_in_an_outage_is_refused_as_usual(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.prefetch()

    with own_issuer.outage():
        notice_outage(verifier)

        assert verdict(verifier, own_issuer.mint(lifetime=-3600)) == "expired"
        assert verdict(verifier, own_issuer.mint(key=own_issuer.impostor())) == "bad_signature"
