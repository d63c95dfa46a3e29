"""What crosses from Python to the native core, at the core's own interface."""

import json
import sys
import threading
import time
import types

import pytest

from authjwks import AuthError, HttpOptions, KeyOptions, KeysUnavailable, _core


def plain(**changes):
    keys = types.SimpleNamespace(ttl=900.0, max_stale=0.0, cooldown=30.0)
    http = types.SimpleNamespace(
        timeout=2.0,
        connect_timeout=1.0,
        allow_http=True,
        ca_file=None,
        ca_path=None,
        client_cert=None,
        proxy="",
        connect_to=(),
        headers=(),
        credential_hosts=(),
    )
    for name, value in changes.items():
        target = keys if hasattr(keys, name) else http
        if value is ...:
            delattr(target, name)
        else:
            setattr(target, name, value)
    return keys, http


def fetch_of(issuer_keys, calls=None, gate=None):
    def fetch(url, headers, timeout):
        if calls is not None:
            calls.append(url)
        if gate is not None:
            gate.wait(10)
        return 200, {}, issuer_keys

    return fetch


def native(keys, **changes):
    options = {
        "issuers": None,
        "issuer_templates": [],
        "audiences": None,
        "algorithms": _core.ALGORITHMS,
        "leeway": 0.0,
        "required_claims": [],
        "expected_claims": [],
        "refuse_id_tokens": False,
        "accept_bound_tokens": False,
        "token_types": None,
        "max_token_bytes": 16384,
        "token_cache": (1 << 20, 100),
        "on_events": None,
        "on_verdict": None,
        "on_refusal": None,
    }
    return _core.Verifier(keys, **(options | changes))


def document(issuer):
    return json.dumps(issuer.jwks()).encode()


@pytest.mark.parametrize("value", [5, b"a.b.c", 1.5, [], object()])
def test_verify_takes_a_str(issuer, value):
    verdicts = []
    judge = native(_core.KeySource.fixed(document(issuer).decode()), on_verdict=lambda *told: verdicts.append(told))
    for method in (judge.verify, judge.verify_or_pending):
        with pytest.raises(TypeError, match="verify\\(\\) takes a str"):
            method(value)
    assert verdicts == []


def test_on_verdict_is_called_once_for_each_final_verdict(issuer):
    verdicts = []
    source = _core.KeySource.fixed(document(issuer).decode())
    judge = native(source, on_verdict=lambda *told: verdicts.append(told))
    token = issuer.mint()
    judge.verify(token), judge.verify(token)
    for bad in (None, "", "a.b", "\u00e9.a.b", token[:-4] + "AAAA", issuer.mint(lifetime=-9999)):
        with pytest.raises(AuthError):
            judge.verify(bad)
    assert verdicts == [
        (source, None, False, None),
        (source, None, True, None),
        (None, "missing_token", False, None),
        (None, "missing_token", False, None),
        (None, "malformed", False, None),
        (None, "malformed", False, None),
        (source, "bad_signature", False, None),
        (source, "expired", False, None),
    ]


def test_on_refusal_is_called_once_for_each_refusal_and_for_nothing_else(issuer):
    refusals, verdicts = [], []
    source = _core.KeySource.fixed(document(issuer).decode())
    judge = native(
        source,
        required_claims=["exp", "tenant"],
        on_refusal=lambda *told: refusals.append(told),
        on_verdict=lambda *told: verdicts.append(told),
    )
    token = issuer.mint(tenant="a")
    judge.verify(token), judge.verify(token)
    for bad in ("", "a.b", issuer.mint(), issuer.mint(tenant="a", lifetime=-9999)):
        with pytest.raises(AuthError):
            judge.verify(bad)
    assert refusals == [
        (None, "missing_token", None),
        (None, "malformed", None),
        (source, "claim_missing", "tenant"),
        (source, "expired", None),
    ]
    assert len(verdicts) == 6


def test_what_on_verdict_raises_changes_no_verdict(issuer, monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: seen.append(unraisable.exc_type))

    def fail(*_):
        raise LookupError

    judge = native(_core.KeySource.fixed(document(issuer).decode()), on_verdict=fail)
    assert judge.verify(issuer.mint())["iss"] == issuer.issuer
    with pytest.raises(AuthError):
        judge.verify("x")
    assert seen == [LookupError, LookupError]


def test_interrupt_in_on_verdict_is_an_interrupt(issuer):
    def interrupt(*_):
        raise KeyboardInterrupt

    judge = native(_core.KeySource.fixed(document(issuer).decode()), on_verdict=interrupt)

    def verify_and_wait():
        judge.verify(issuer.mint())
        time.sleep(5)

    with pytest.raises(KeyboardInterrupt):
        verify_and_wait()


def test_pending_waits_and_resumes(issuer):
    calls, verdicts = [], []
    options = _core.RemoteOptions(*plain(), fetch_of(document(issuer), calls))
    source = _core.KeySource.remote(None, None, "http://127.0.0.1:1/", options)
    judge = native(source, on_verdict=lambda *told: verdicts.append(told))
    token = issuer.mint()
    one, other = judge.verify_or_pending(token), judge.verify_or_pending(token)
    assert isinstance(one, _core.Pending)
    assert one.source is source
    assert other.source is source
    assert verdicts == []
    assert calls == []
    one.wait()
    assert one.resume()["iss"] == issuer.issuer
    assert other.resume()["iss"] == issuer.issuer
    assert calls == ["http://127.0.0.1:1/"]
    assert [told[1:3] for told in verdicts] == [(None, False), (None, True)]
    assert isinstance(judge.verify_or_pending(token), dict)


def test_pending_that_nobody_waited_for_is_unavailable(issuer):
    calls = []
    options = _core.RemoteOptions(*plain(), fetch_of(document(issuer), calls))
    pending = native(_core.KeySource.remote(None, None, "http://127.0.0.1:1/", options)).verify_or_pending(
        issuer.mint()
    )

    with pytest.raises(KeysUnavailable):
        pending.resume()
    assert calls == []


def test_pending_behind_a_refresh_is_pending_again_for_its_own_key(issuer):
    calls, gate = [], threading.Event()
    gate.set()
    options = _core.RemoteOptions(*plain(ttl=0.1, max_stale=60.0), fetch_of(document(issuer), calls, gate))
    source = _core.KeySource.remote(None, None, "http://127.0.0.1:1/", options)
    source.prefetch()
    judge, token = native(source), issuer.mint(headers={"kid": "unknown"})
    gate.clear()
    while not source.has_due_work():
        time.sleep(0.01)
    refresh = threading.Thread(target=source.run_due_work)
    refresh.start()
    while len(calls) < 2:
        time.sleep(0.01)

    pending = judge.verify_or_pending(token)
    gate.set()
    pending.wait()
    again = pending.resume()
    refresh.join()
    again.wait()

    with pytest.raises(AuthError) as refused:
        again.resume()
    assert refused.value.code == "unknown_key"
    assert len(calls) == 3


def registry(issuer, decide, calls=None):
    options = _core.RemoteOptions(*plain(), fetch_of(document(issuer), calls))
    return _core.IssuerRegistry(["https://named.example/"], [], decide, options)


@pytest.mark.parametrize("decision", ["https://keys.example/"])
def test_decide_by_url(issuer, decision):
    asked, calls = [], []

    def decide(name):
        asked.append(name)
        return decision

    judge = native(registry(issuer, decide, calls))
    assert judge.verify(issuer.mint())["iss"] == issuer.issuer
    assert judge.verify(issuer.mint())["iss"] == issuer.issuer
    assert asked == [issuer.issuer]
    assert calls == [decision]


@pytest.mark.parametrize(
    "decision", [False, None, "", 1, 0, b"https://x.example/", "ftp://x.example/", "\ud800", "http:x"]
)
def test_decided_against(issuer, decision):
    judge = native(registry(issuer, lambda name: decision))
    for _ in range(2):
        with pytest.raises(AuthError) as refused:
            judge.verify(issuer.mint())
        assert refused.value.code == "wrong_issuer"


def test_decide_is_not_asked_for_what_is_not_printable(issuer):
    asked = []
    judge = native(registry(issuer, asked.append))
    with pytest.raises(AuthError) as refused:
        judge.verify(issuer.mint(iss="a\nb"))
    assert (refused.value.code, asked) == ("wrong_issuer", [])


def test_decide_that_raises(issuer):
    def decide(name):
        raise LookupError

    judge = native(registry(issuer, decide))
    for method in (judge.verify, judge.verify_or_pending):
        with pytest.raises(KeysUnavailable) as refused:
            method(issuer.mint())
        assert refused.value.retry_after >= 1


def test_decide_that_is_interrupted(issuer):
    def decide(name):
        raise KeyboardInterrupt

    judge = native(registry(issuer, decide))
    with pytest.raises(KeyboardInterrupt):
        judge.verify(issuer.mint())


def test_decide_may_verify(issuer):
    judges = []

    def decide(name):
        with pytest.raises(AuthError):
            judges[0].verify("x")
        return True

    judges.append(native(registry(issuer, decide, [])))
    with pytest.raises(KeysUnavailable):
        judges[0].verify(issuer.mint())  # its metadata is no metadata


def test_closed_says_so(issuer):
    options = _core.RemoteOptions(*plain(), fetch_of(document(issuer)))
    source = _core.KeySource.remote(None, None, "http://127.0.0.1:1/", options)
    several = registry(issuer, lambda name: True)
    source.close(), several.close()
    for keys in (source, several):
        with pytest.raises(KeysUnavailable, match="closed"):
            native(keys).verify(issuer.mint())
    with pytest.raises(KeysUnavailable, match="closed"):
        source.prefetch()


@pytest.mark.parametrize(
    "name",
    [
        "ttl",
        "max_stale",
        "cooldown",
        "timeout",
        "connect_timeout",
        "allow_http",
        "ca_file",
        "ca_path",
        "client_cert",
        "proxy",
        "connect_to",
        "headers",
        "credential_hosts",
    ],
)
def test_option_missing_or_wrong(name):
    with pytest.raises(AttributeError, match=name):
        _core.RemoteOptions(*plain(**{name: ...}), None)
    if name != "allow_http":
        with pytest.raises((TypeError, AttributeError)):
            _core.RemoteOptions(*plain(**{name: object()}), None)


ODD = [
    {"headers": ((b"a", "b", "c"),)},
    {"headers": [1]},
    {"client_cert": ("a",)},
    {"client_cert": "abc"},
    {"connect_to": "abc"},
]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_option_of_another_shape_is_an_error(odd):
    with pytest.raises((TypeError, AttributeError)):
        _core.RemoteOptions(*plain(**odd), None)


def test_seconds_out_of_range_do_no_harm():
    for seconds in (float("nan"), float("inf"), -1e300, 1e300):
        _core.RemoteOptions(*plain(ttl=seconds, timeout=seconds), None)
    with pytest.raises(TypeError):
        _core.RemoteOptions(*plain(), 5)
    _core.RemoteOptions(KeyOptions(), HttpOptions(), None)
