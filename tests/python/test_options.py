"""Options are checked when they are made."""

import os
import sys
from typing import Any

import pytest

from authjwks import ConfigError, HttpOptions, KeyOptions

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize("value", [-1, NAN, INFINITY, 1e300, True, "5", None])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (KeyOptions, "ttl"),
        (KeyOptions, "max_stale"),
        (KeyOptions, "cooldown"),
        (HttpOptions, "timeout"),
        (HttpOptions, "connect_timeout"),
    ],
)
def test_given_seconds_that_are_none__when_options_are_made__then_config_error_names_the_option(kind, name, value):
    with pytest.raises(ConfigError, match=name):
        kind(**{name: value})


def test_given_zero_seconds__when_options_are_made__then_only_what_can_be_off_takes_it():
    assert KeyOptions(max_stale=0, cooldown=0) == (900.0, 0.0, 0.0)
    for make in (lambda: KeyOptions(ttl=0), lambda: HttpOptions(timeout=0), lambda: HttpOptions(connect_timeout=0)):
        with pytest.raises(ConfigError):
            make()


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"ca_file": "/no/such/file"}, id="ca_file_missing"),
        pytest.param({"ca_file": "/"}, id="ca_file_is_a_folder"),
        pytest.param({"allow_http": "no"}, id="allow_http_as_text"),
        pytest.param({"headers": {"X-A": "a\r\nX-B: b"}}, id="header_value_with_line_break"),
        pytest.param({"headers": {"X-A": "ä"}}, id="header_value_not_ascii"),
        pytest.param({"headers": {"X-A": 1}}, id="header_value_not_str"),
        pytest.param({"headers": {"X A": "a"}}, id="header_name_with_blank"),
        pytest.param({"headers": {"": "a"}}, id="header_name_empty"),
        pytest.param({"headers": [("X-A", "a")]}, id="headers_as_pairs"),
        pytest.param({"headers": "X-A: a"}, id="headers_as_text"),
        pytest.param({"headers": None}, id="headers_none"),
        pytest.param({"connect_to": "a:1:b:2\ud800"}, id="connect_to_no_unicode"),
        pytest.param({"proxy": "http://a\ud800"}, id="proxy_no_unicode"),
    ],
)
def test_given_an_illegal_option__when_http_options_are_made__then_config_error_names_it(options):
    (option,) = options

    with pytest.raises(ConfigError, match=option):
        HttpOptions(**options)


class BytesPath:
    """A path whose name is given in bytes."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return os.fsencode(self.path)


@pytest.mark.parametrize("kind", ["file", "folder"])
@pytest.mark.parametrize("spell", [str, BytesPath], ids=["no_unicode", "bytes"])
def test_given_a_path_that_is_no_text__when_http_options_are_made__then_config_error_names_the_option(
    tmp_path, kind, spell
):
    path = tmp_path / os.fsdecode(b"secret\xff")
    option = {"file": "ca_file", "folder": "ca_path"}[kind]
    path.touch() if kind == "file" else path.mkdir()

    with pytest.raises(ConfigError, match=option) as refused:
        HttpOptions(**{option: spell(path)})

    assert "secret" not in str(refused.value)


def test_given_options__when_made__then_they_never_change():
    headers = {"X-Api-Key": "k"}
    options: Any = HttpOptions(headers=headers, ca_file=sys.executable)
    headers["X-Api-Key"] = "other"

    assert dict(options.headers) == {"X-Api-Key": "k"}
    assert options.ca_file == sys.executable
    with pytest.raises(AttributeError):
        options.timeout = 1.0
    with pytest.raises(TypeError):
        options.headers["X-Api-Key"] = "other"
