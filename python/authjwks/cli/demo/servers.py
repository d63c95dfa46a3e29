"""Real servers for the demo's apps, each on a free port of 127.0.0.1 and in a thread of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


@contextmanager
def wsgi_server(app: WSGIApplication) -> Iterator[str]:
    """Serve `app` by Werkzeug inside the `with` block; gives "host:port"."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    with server, _running(lambda: server.serve_forever(poll_interval=0.05), stop=server.shutdown):
        yield f"127.0.0.1:{server.server_port}"


@contextmanager
def asgi_server(app: Callable[..., Any]) -> Iterator[str]:
    """Serve `app` by uvicorn inside the `with` block; gives "host:port"."""
    # Some releases log an error for every handshake that is answered by HTTP, as a refused one is.
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, log_level="critical", lifespan="off"))

    def stop() -> None:
        server.should_exit = True

    with (
        socket.create_server(("127.0.0.1", 0)) as listener,  # takes connections even before uvicorn is ready
        _running(lambda: server.run(sockets=[listener]), stop),
    ):
        yield "{}:{}".format(*listener.getsockname())


@contextmanager
def _running(serve: Callable[[], object], stop: Callable[[], object]) -> Iterator[None]:
    thread = threading.Thread(target=serve, name="authjwks-demo", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join()


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """Leave the terminal to the table."""
