"""The bearer token in a request's headers (RFC 6750 §2.1)."""

import pytest

from authjwks import InvalidRequest, MissingToken
from authjwks.extract import bearer


def take(*values):
    """What `bearer()` takes from a request with these Authorization headers."""
    return bearer()(lambda name: list(values) if name.lower() == "authorization" else [])


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
def test_given_one_bearer_token__when_taken__then_it_is_the_token(value):
    assert take(value) == "a.b.c"


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([], id="no_header"),
        pytest.param([""], id="empty"),
        pytest.param(["Basic YTpi"], id="other_scheme"),
        pytest.param(["Bearers a.b.c"], id="longer_scheme"),
        pytest.param(["a.b.c"], id="no_scheme"),
        pytest.param(["Bearer\ta.b.c"], id="tab_for_blank"),
        pytest.param(["B\u0435arer a.b.c"], id="look_alike"),
        pytest.param(["Bearer\xa0a.b.c"], id="other_blank"),
    ],
)
def test_given_no_bearer_token__when_taken__then_missing_token(values):
    with pytest.raises(MissingToken) as refused:
        take(*values)

    assert refused.value.code == "missing_token"


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
        pytest.param(["", ""], id="two_empty"),
    ],
)
def test_given_not_exactly_one_token__when_taken__then_invalid_request(values):
    with pytest.raises(InvalidRequest) as refused:
        take(*values)

    assert refused.value.code == "malformed"
