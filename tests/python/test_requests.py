"""What an adapter reads of a request is what its server received, whichever interface hands it over."""

import pytest

from authjwks.asgi import AsgiRequest
from authjwks.wsgi import WsgiRequest

WSGI = {
    "REQUEST_METHOD": "POST",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/posts/\xc3\xa4",
    "QUERY_STRING": "a=1&b=%C3%A4&a=2&empty=",
    "wsgi.url_scheme": "https",
    "HTTP_HOST": "api.example",
    "SERVER_NAME": "inner",
    "SERVER_PORT": "8000",
    "CONTENT_TYPE": "text/plain",
    "HTTP_X_TWO": "1,2",
    "HTTP_COOKIE": "session=a; other=b; session=c",
}
ASGI = {
    "type": "http",
    "method": "POST",
    "scheme": "https",
    "path": "/posts/ä",
    "raw_path": "/posts/ä".encode(),
    "query_string": b"a=1&b=%C3%A4&a=2&empty=",
    "server": ("inner", 8000),
    "headers": [
        (b"host", b"api.example"),
        (b"content-type", b"text/plain"),
        (b"x-two", b"1"),
        (b"x-two", b"2"),
        (b"cookie", b"session=a; other=b"),
        (b"cookie", b"session=c"),
    ],
}
BOTH = pytest.mark.parametrize("request_", [WsgiRequest(WSGI), AsgiRequest(ASGI)], ids=["wsgi", "asgi"])


@BOTH
def test_headers_are_found_whatever_their_case(request_):
    assert ",".join(request_.headers("x-Two")) == "1,2"
    assert list(request_.headers("Content-Type")) == list(request_.headers("content-type")) == ["text/plain"]
    assert list(request_.headers("Absent")) == []


@BOTH
def test_every_cookie_of_a_name_is_returned(request_):
    assert list(request_.cookie("session")) == ["a", "c"]
    assert list(request_.cookie("Session")) == []


@BOTH
def test_every_query_parameter_of_a_name_is_returned(request_):
    assert [list(request_.query(name)) for name in ("a", "b", "empty", "absent")] == [["1", "2"], ["ä"], [""], []]


@BOTH
def test_method_is_the_requests(request_):
    assert request_.method == "POST"


def test_url_is_absolute():
    query = "?a=1&b=%C3%A4&a=2&empty="

    assert WsgiRequest(WSGI).url == f"https://api.example/posts/%C3%A4{query}"
    assert AsgiRequest({**ASGI, "raw_path": b"/posts/%C3%A4"}).url == f"https://api.example/posts/%C3%A4{query}"
    assert AsgiRequest({**ASGI, "raw_path": None}).url == f"https://api.example/posts/%C3%A4{query}"


@pytest.mark.parametrize(
    ("server", "host"), [(("inner", 8000), "inner:8000"), (("/run/socket", None), "/run/socket"), (None, "localhost")]
)
def test_asgi_url_without_a_host_header_names_the_server(server, host):
    assert AsgiRequest({**ASGI, "headers": [], "server": server}).url.startswith(f"https://{host}/posts")


def test_websocket_handshake_is_a_get():
    assert AsgiRequest({"type": "websocket", "headers": []}).method == "GET"


def test_client_certificate_comes_from_the_server():
    tls = {"tls": {"client_cert_chain": ["PEM", "CA"]}}

    assert WsgiRequest({**WSGI, "SSL_CLIENT_CERT": "PEM"}).client_certificate == "PEM"
    assert AsgiRequest({**ASGI, "extensions": tls}).client_certificate == "PEM"


def test_client_certificate_in_a_header_counts_for_nothing():
    sent = [(b"ssl-client-cert", b"PEM"), (b"ssl_client_cert", b"PEM")]

    assert WsgiRequest({**WSGI, "HTTP_SSL_CLIENT_CERT": "PEM"}).client_certificate is None
    assert AsgiRequest({**ASGI, "headers": sent}).client_certificate is None


class Watched(dict):
    """A mapping that notes which of its items are read."""

    def __init__(self, *args):
        super().__init__(*args)
        self.read = []

    def __getitem__(self, name):
        self.read.append(name)
        return super().__getitem__(name)

    def get(self, name, default=None):
        self.read.append(name)
        return super().get(name, default)


def test_nothing_is_read_that_is_not_asked_for():
    environ, scope = Watched(WSGI), Watched(ASGI)

    for request in (WsgiRequest(environ), AsgiRequest(scope)):
        request.headers("Authorization")

    assert (environ.read, scope.read) == (["HTTP_AUTHORIZATION"], ["headers"])
