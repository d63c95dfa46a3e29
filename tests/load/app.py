"""The service under load, for `uvicorn --factory tests.load.app:make_app`: one guarded route, every option a default.

But for plain http, as its issuer is on this machine, and the name by which the issuer counts each worker's fetches.
"""

from __future__ import annotations

import os
from typing import Any

from fastapi import Depends, FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.servers.rotating_issuer import CLIENT_HEADER

from authjwks import HttpOptions, Verifier
from authjwks.fastapi import Auth

AUDIENCE = "https://api.example"
WORKER = str(os.getpid())
WORKER_HEADER = "X-Worker"


class NamesItsWorker:
    """ASGI middleware that says in each response which process made it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[WORKER_HEADER] = WORKER
            await send(message)

        await self._app(scope, receive, send_named)


def make_app() -> FastAPI:
    """The app, whose issuer the environment names."""
    http = HttpOptions(allow_http=True, headers={CLIENT_HEADER: WORKER})
    auth = Auth(Verifier(os.environ["LOAD_ISSUER"], AUDIENCE, http=http))
    signed_in = auth.require()
    made = FastAPI()
    made.add_middleware(NamesItsWorker)

    @made.get("/")
    async def subject(claims: dict[str, Any] = Depends(signed_in)) -> str:
        return str(claims["sub"])

    return made
