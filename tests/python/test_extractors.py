"""The bearer token in a request's headers (RFC 6750 §2.1)."""

import pytest

from authjwks import InvalidRequest
from authjwks.asgi import AsgiRequest
from authjwks.extractors import bearer
from authjwks.wsgi import WsgiRequest


def extract(*values):
    """What `bearer()` takes from a request with these Authorization headers, under ASGI and WSGI alike."""
    asgi = AsgiRequest({"headers": [(b"authorization", value.encode("latin-1")) for value in values]})
    wsgi = WsgiRequest({"HTTP_AUTHORIZATION": ",".join(values)} if values else {})
    taken, again = (taken_from(request) for request in (asgi, wsgi))
    assert taken == again
    return taken


def taken_from(request):
    try:
        return bearer()(request)
    except InvalidRequest as refused:
        return refused.code


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("Bearer a.b.c", id="usual"),
        pytest.param("bearer a.b.c", id="lower_case"),
        pytest.param("BEARER a.b.c", id="upper_case"),
        pytest.param("Bearer    a.b.c", id="several_blanks"),
        pytest.param("  Bearer a.b.c\t", id="blanks_around"),
    ],
)
def test_bearer_token_is_taken_whatever_its_blanks(value):
    assert extract(value) == "a.b.c"


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([], id="no_header"),
        pytest.param([""], id="empty"),
        pytest.param(["", ""], id="two_empty"),
        pytest.param(["Basic YTpi", "Basic YTpi"], id="other_scheme_twice"),
        pytest.param(["Basic YTpi"], id="other_scheme"),
        pytest.param(["Bearers a.b.c"], id="longer_scheme"),
        pytest.param(["a.b.c"], id="no_scheme"),
        pytest.param(["Bearer\ta.b.c"], id="tab_for_blank"),
        pytest.param(["Bearer\xa0a.b.c"], id="other_blank"),
    ],
)
def test_no_token_without_a_bearer_scheme(values):
    assert extract(*values) is None


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(["Bearer"], id="scheme_alone"),
        pytest.param(["Bearer  "], id="scheme_and_blanks"),
        pytest.param(["Bearer a b"], id="two_words"),
        pytest.param(["Bearer a\tb"], id="two_words_with_a_tab"),
        pytest.param(["Bearer a.b.c\r\nX-Evil: 1"], id="line_break"),
        pytest.param(["Bearer a.b.c, Bearer d.e.f"], id="joined_by_a_proxy"),
        pytest.param(["Bearer a.b.c", "Bearer a.b.c"], id="twice"),
        pytest.param(["Basic YTpi", "Bearer a.b.c"], id="two_schemes"),
        pytest.param(["Bearer a.b.c", "Basic YTpi"], id="two_schemes_bearer_first"),
        pytest.param(["Basic YTpi,  bearer"], id="joined_schemes_without_a_token"),
        pytest.param(["Bearer a.b.c,"], id="comma_behind"),
    ],
)
def test_ambiguous_credentials_are_an_invalid_request(values):
    assert extract(*values) == "malformed"
