"""The apps of the demo: each lets editors read posts, and is written as a user of its framework would write it."""

from typing import Annotated, Any

import strawberry
from fastapi import Depends, FastAPI, WebSocket
from flask import Flask, g
from strawberry.asgi import GraphQL

from authjwks import Verifier
from authjwks.fastapi import Auth
from authjwks.flask import AuthExtension
from authjwks.strawberry import AsyncAuth, current_claims


def flask_app(verifier: Verifier) -> Flask:
    """GET /posts."""
    app = Flask("demo")
    auth = AuthExtension(verifier, app=app)

    @app.get("/posts")
    @auth.require(roles="editor")
    def posts() -> dict[str, Any]:
        return {"user": g.jwt["sub"]}

    return app


def fastapi_app(verifier: Verifier) -> FastAPI:
    """GET /posts, and the WebSocket /posts."""
    app = FastAPI()
    auth = Auth(verifier)
    editor = auth.require(roles="editor")

    @app.get("/posts")
    async def posts(claims: Annotated[dict[str, Any], Depends(editor)]) -> dict[str, Any]:
        return {"user": claims["sub"]}

    @app.websocket("/posts")
    async def new_posts(websocket: WebSocket, claims: Annotated[dict[str, Any], Depends(editor)]) -> None:
        await websocket.accept()
        await websocket.send_json({"user": claims["sub"]})
        await websocket.close()

    return app


def strawberry_app(verifier: Verifier) -> GraphQL[None, None]:
    """POST anywhere: `{ posts }`."""
    auth = AsyncAuth(verifier)

    async def author(info: strawberry.Info) -> str:
        return str(current_claims(info)["sub"])

    @strawberry.type
    class Query:
        posts: str = strawberry.field(resolver=author, permission_classes=[auth.require(roles="editor")])

    return GraphQL(strawberry.Schema(Query))
