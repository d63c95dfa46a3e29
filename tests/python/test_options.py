"""Options are checked when they are made."""

import copy
import inspect
import os
import pickle
from typing import Any

import pytest

from authjwks import ClaimPaths, ConfigError, Event, FetchFailure, HttpOptions, KeyOptions, TokenCacheOptions, Verdict

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
def test_illegal_seconds_are_a_config_error_that_names_the_option(kind, name, value):
    with pytest.raises(ConfigError, match=name):
        kind(**{name: value})


def test_zero_seconds_are_legal_only_for_what_can_be_turned_off():
    off = KeyOptions(max_stale=0, cooldown=0)

    assert (off.ttl, off.max_stale, off.cooldown) == (900.0, 0.0, 0.0)
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
def test_illegal_http_option_is_a_config_error_that_names_it(options):
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
def test_path_that_is_not_unicode_is_a_config_error_that_names_the_option(tmp_path, kind, spell):
    path = tmp_path / os.fsdecode(b"secret\xff")
    option = {"file": "ca_file", "folder": "ca_path"}[kind]
    path.touch() if kind == "file" else path.mkdir()

    with pytest.raises(ConfigError, match=option) as refused:
        HttpOptions(**{option: spell(path)})

    assert "secret" not in str(refused.value)


def test_options_cannot_be_changed():
    headers = {"X-Api-Key": "k"}
    options: Any = HttpOptions(headers=headers, connect_to="a:1:b:2")
    headers["X-Api-Key"] = "other"

    assert dict(options.headers) == {"X-Api-Key": "k"}
    assert options.connect_to == ("a:1:b:2",)
    with pytest.raises(AttributeError):
        options.timeout = 1.0
    with pytest.raises(AttributeError):
        del options.timeout


FAILURE = FetchFailure("not_found", "discovery", "https://issuer.example/x", 404, "a cause", "Advice.")

FROZEN = pytest.mark.parametrize(
    ("options", "other"),
    [
        (KeyOptions(ttl=60), KeyOptions()),
        (HttpOptions(headers={"X-Api-Key": "k"}, connect_to="a:1:b:2"), HttpOptions()),
        (TokenCacheOptions(max_entries=10), TokenCacheOptions()),
        (ClaimPaths(roles=["a", "b"]), ClaimPaths()),
        (Event("refresh_failed", "https://issuer.example", FAILURE), Event("recovered", "")),
        (FAILURE, FAILURE.without_names()),
        (Verdict("expired", "", from_cache=False), Verdict(None, "", from_cache=True)),
        (Verdict("claim_missing", "", False, "exp"), Verdict("claim_missing", "", False, "sub")),
    ],
    ids=lambda options: type(options).__name__,
)


@FROZEN
def test_options_are_equal_by_class_and_fields(options, other):
    assert options == copy.copy(options)
    assert options != other
    assert options != tuple(options._fields().values())
    assert len({options, copy.copy(options), other}) == 2


@FROZEN
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda options: pickle.loads(pickle.dumps(options))])
def test_copied_options_are_the_same(options, other, copied):
    assert (copied(options), type(copied(options))) == (options, type(options))


@FROZEN
def test_signature_of_options_names_fields_and_defaults(options, other):
    parameters = inspect.signature(type(options)).parameters

    assert list(parameters) == list(options._fields())
    assert all(parameter.annotation is not parameter.empty for parameter in parameters.values())


def test_key_options_are_not_a_tuple():
    assert KeyOptions() != (900.0, 86400.0, 10.0)
    assert repr(KeyOptions()) == "KeyOptions(ttl=900.0, max_stale=86400.0, cooldown=10.0)"
