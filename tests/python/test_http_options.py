"""How issuers are asked: certificates, proxies, detours, headers, time limits; of servers that really speak TLS."""

import gzip
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import closing, contextmanager, suppress
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from tests.servers.connect_proxy import ConnectProxy
from tests.servers.recording import Answer, RecordingServer
from tests.servers.terminal import at_a_terminal
from tests.servers.throwaway_ca import ThrowawayCa
from tests.support.verdicts import GOOD, verdict
from tests.support.verifiers import OPENID, failure_code_of, health_of
from tests.support.waiting import eventually

from authjwks import ConfigError, HttpOptions, Verifier

NAME = "https://issuer.example"
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return ThrowawayCa(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def tls(ca):
    """What a server on loopback needs that is known by its address."""
    return ca.context("127.0.0.1")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def serving(issuer, tls=None, **headers):
    """A server with the issuer's keys at every path."""
    return RecordingServer(lambda asked: Answer(200, headers, json.dumps(issuer.jwks()).encode()), tls)


def keys_from(server, *, scheme="https", issuer=NAME, **options):
    """A verifier that takes the keys of `issuer` from a server on loopback."""
    url = f"{scheme}://127.0.0.1:{server.server_port}/jwks"
    return Verifier(issuer, "https://api.example", jwks_uri=url, http=HttpOptions(**options))


def outcome(verifier, issuer):
    """The verdict on a good token, and the reason if there is none. The verifier then asks no more."""
    word = verdict(verifier, issuer.mint(iss=NAME))
    code = None if word == GOOD else reason(verifier)
    verifier.close()
    return word, code


def reason(verifier):
    """Why the fetch failed; known a moment after who waited for it has given up."""
    return eventually(lambda: failure_code_of(verifier))


# Whom we trust


def test_ca_file_makes_a_private_ca_trusted(issuer, ca, tls):
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, ca_file=ca.file), issuer) == (GOOD, None)

    assert len(server.asked) == 1


def test_ca_path_makes_a_private_ca_trusted(issuer, ca, tls, tmp_path):
    if shutil.which("openssl") is None and not os.environ.get("CI"):
        pytest.skip("openssl's command line, which names the folder's files, is not installed")
    shutil.copy(ca.file, tmp_path / "any-name.pem")
    subprocess.run(["openssl", "rehash", tmp_path], check=True)

    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, ca_path=tmp_path), issuer) == (GOOD, None)


def test_ca_path_without_the_ca_of_the_server_is_refused(issuer, tls, tmp_path):
    ThrowawayCa(tmp_path, "other")
    subprocess.run(["openssl", "rehash", tmp_path], check=True)
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, ca_path=tmp_path), issuer) == ("keys_unavailable", "tls_untrusted")

    assert not server.asked


def test_ca_path_without_hashed_names_is_a_config_error(tmp_path):
    ThrowawayCa(tmp_path)

    with pytest.raises(ConfigError, match="openssl rehash"):
        HttpOptions(ca_path=tmp_path)


def test_private_ca_is_refused_when_not_named(issuer, tls):
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server), issuer) == ("keys_unavailable", "tls_untrusted")

    assert not server.asked


def test_ca_file_of_another_ca_is_refused(issuer, tls, tmp_path):
    with serving(issuer, tls) as server:
        other = ThrowawayCa(tmp_path, "other")

        assert outcome(keys_from(server, ca_file=other.file), issuer) == ("keys_unavailable", "tls_untrusted")

    assert not server.asked


@pytest.mark.parametrize(
    ("name", "validity", "code"),
    [
        pytest.param("issuer.example", {}, "tls_wrong_host", id="another_name"),
        pytest.param("127.0.0.2", {}, "tls_wrong_host", id="another_address"),
        pytest.param("127.0.0.1", {"begins": -2 * DAY, "ends": -DAY}, "tls_expired", id="expired"),
        pytest.param("127.0.0.1", {"begins": DAY, "ends": 2 * DAY}, "tls_expired", id="not_yet_valid"),
    ],
)
def test_certificate_of_a_wrong_name_or_time_is_refused(issuer, ca, name, validity, code):
    with serving(issuer, ca.context(name, **validity)) as server:
        assert outcome(keys_from(server, ca_file=ca.file), issuer) == ("keys_unavailable", code)

    assert not server.asked


def test_server_without_tls_is_refused_over_https(issuer):
    with serving(issuer) as server:
        assert outcome(keys_from(server, allow_http=True), issuer) == ("keys_unavailable", "tls_failed")

    assert not server.asked


def test_ca_file_without_a_certificate_is_a_config_error(tmp_path):
    rubbish = tmp_path / "ca.pem"
    rubbish.write_text("no certificate")

    with pytest.raises(ConfigError, match="ca_file names a file without a certificate in PEM"):
        HttpOptions(ca_file=rubbish)


# Who we are


@pytest.fixture
def demanding(ca):
    """TLS of a server that wants to see a certificate of its clients."""
    context = ca.context("127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca.file)
    return context


@pytest.mark.parametrize("in_one_file", [True, False], ids=["one_file", "pair"])
def test_client_certificate_is_shown_to_a_server_that_demands_one(issuer, ca, demanding, tmp_path, in_one_file):
    certificate, key = ca.issue("client.example")
    together = tmp_path / "both.pem"
    together.write_bytes(certificate.read_bytes() + key.read_bytes())
    client_cert = together if in_one_file else (certificate, key)

    with serving(issuer, demanding) as server:
        verifier = keys_from(server, ca_file=ca.file, client_cert=client_cert)

        assert outcome(verifier, issuer) == (GOOD, None)

    (asked,) = server.asked
    assert asked.client["subjectAltName"] == (("DNS", "client.example"),)


@pytest.mark.parametrize("shown", ["none", "of_another_ca"])
def test_client_certificate_that_does_not_fit_makes_keys_unavailable(issuer, ca, demanding, tmp_path, shown):
    client_cert = None if shown == "none" else ThrowawayCa(tmp_path, "other").issue("client.example")

    with serving(issuer, demanding) as server:
        verifier = keys_from(server, ca_file=ca.file, client_cert=client_cert)

        word, code = outcome(verifier, issuer)

    assert word == "keys_unavailable"
    assert code in ("tls_client_certificate", "unreachable")  # by TLS 1.3 a server may end it before its reason is read
    assert "client_cert=(certificate, key)" in health_of(verifier).last_error.advice
    assert not server.asked


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        pytest.param(lambda ca: ca.issue("client.example")[0], "name the key's file as well", id="without_its_key"),
        pytest.param(lambda ca: ca.issue("client.example")[1], "without a certificate", id="key_alone"),
        pytest.param(
            lambda ca: (ca.issue("client.example")[0], ca.issue("another.example")[1]),
            "not that of the certificate",
            id="key_of_another",
        ),
        pytest.param(
            lambda ca: (ca.issue("client.example")[0], encrypted(ca.issue("client.example")[1])),
            "encrypted",
            id="encrypted",
        ),
    ],
)
def test_client_certificate_that_cannot_be_used_is_a_config_error(ca, files, sentence):
    with pytest.raises(ConfigError, match=f"client_cert.*{sentence}"):
        HttpOptions(client_cert=files(ca))


def encrypted(key):
    """The key in a file of its own, behind a password."""
    path = key.with_suffix(".encrypted")
    private_key = serialization.load_pem_private_key(key.read_bytes(), None)
    encryption = serialization.BestAvailableEncryption(b"secret")
    formats = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    path.write_bytes(private_key.private_bytes(*formats, encryption))
    return path


# By which way


@pytest.fixture
def proxy():
    with ConnectProxy() as running:
        yield running


def test_proxy_tunnels_the_request_and_sees_none_of_its_headers(issuer, ca, tls, proxy):
    with serving(issuer, tls) as server:
        verifier = keys_from(server, ca_file=ca.file, proxy=proxy.url, headers={"X-Api-Key": "secret"})

        assert outcome(verifier, issuer) == (GOOD, None)

    ((target, headers),) = proxy.tunnels
    assert target == f"127.0.0.1:{server.server_port}"
    assert "X-Api-Key" not in headers
    assert "Accept" not in headers
    assert [asked.headers["X-Api-Key"] for asked in server.asked] == ["secret"]


def test_proxy_password_is_sent_to_the_proxy_alone(issuer, ca, tls, proxy):
    with serving(issuer, tls) as server:
        url = proxy.url.replace("//", "//ada:secret@")

        assert outcome(keys_from(server, ca_file=ca.file, proxy=url), issuer) == (GOOD, None)

    assert proxy.tunnels[0][1]["Proxy-Authorization"] == "Basic YWRhOnNlY3JldA=="
    assert "Proxy-Authorization" not in server.asked[0].headers


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy"])
def test_proxy_of_the_environment_is_used_by_default(issuer, ca, tls, proxy, monkeypatch, variable):
    monkeypatch.setenv(variable, proxy.url)
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, ca_file=ca.file), issuer) == (GOOD, None)

    assert len(proxy.tunnels) == 1


def test_proxy_of_the_environment_can_be_turned_off(issuer, ca, tls, proxy, monkeypatch):
    monkeypatch.setenv("https_proxy", proxy.url)
    monkeypatch.setenv("all_proxy", proxy.url)
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, ca_file=ca.file, proxy=""), issuer) == (GOOD, None)

    assert proxy.tunnels == []


def test_no_proxy_variable_is_respected(issuer, ca, tls, proxy, monkeypatch):
    monkeypatch.setenv("https_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, ca_file=ca.file), issuer) == (GOOD, None)

    assert proxy.tunnels == []


def test_no_proxy_variable_does_not_override_a_named_proxy(issuer, ca, tls, proxy, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, ca_file=ca.file, proxy=proxy.url), issuer) == (GOOD, None)

    assert len(proxy.tunnels) == 1


@pytest.mark.parametrize("status", [403, 407, 502])
def test_refusing_proxy_is_named_and_not_bypassed(issuer, ca, tls, proxy, status):
    proxy.refuses = status
    with serving(issuer, tls) as server:
        verifier = keys_from(server, ca_file=ca.file, proxy=proxy.url)

        assert outcome(verifier, issuer) == ("keys_unavailable", "proxy_failed")

    assert not server.asked


def test_proxy_does_not_weaken_the_check_of_the_certificate(issuer, tls, proxy):
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, proxy=proxy.url), issuer) == ("keys_unavailable", "tls_untrusted")

    assert not server.asked


@pytest.mark.parametrize("has_the_name", [True, False], ids=["its_own_certificate", "another_certificate"])
def test_connect_to_keeps_the_name_of_the_issuer(issuer, ca, has_the_name):
    def answer(asked):
        if asked.path == OPENID:
            return Answer(200, {}, json.dumps({"issuer": NAME, "jwks_uri": f"{NAME}/keys"}).encode())
        return Answer(200, {}, json.dumps(issuer.jwks()).encode())

    with RecordingServer(answer, ca.context("issuer.example" if has_the_name else "127.0.0.1")) as server:
        rule = f"issuer.example:443:127.0.0.1:{server.server_port}"
        verifier = Verifier(NAME, "https://api.example", http=HttpOptions(ca_file=ca.file, connect_to=rule))

        result = outcome(verifier, issuer)

    assert result == ((GOOD, None) if has_the_name else ("keys_unavailable", "tls_wrong_host"))
    asked = [(asked.path, asked.headers["Host"]) for asked in server.asked]
    assert asked == ([(OPENID, "issuer.example"), ("/keys", "issuer.example")] if has_the_name else [])


def test_connect_to_with_several_rules_applies_the_matching_one(issuer, ca, tls):
    with serving(issuer, tls) as server, serving(issuer, tls) as elsewhere:
        rules = [
            f"other.example:443:127.0.0.1:{elsewhere.server_port}",
            f"127.0.0.1:1:127.0.0.1:{elsewhere.server_port}",
            f"127.0.0.1:{server.server_port}::{elsewhere.server_port}",
        ]

        assert outcome(keys_from(server, ca_file=ca.file, connect_to=rules), issuer) == (GOOD, None)

    assert (len(server.asked), len(elsewhere.asked)) == (0, 1)


# What we say


def test_own_headers_are_sent_with_the_usual_ones(issuer, ca, tls):
    with serving(issuer, tls) as server:
        verifier = keys_from(server, ca_file=ca.file, headers={"X-Api-Key": "secret", "CF-Access": 'a b; c="d"'})

        assert outcome(verifier, issuer) == (GOOD, None)

    (asked,) = server.asked
    assert asked.headers.get_all("X-Api-Key") == ["secret"]
    assert asked.headers.get_all("CF-Access") == ['a b; c="d"']
    assert asked.headers.get_all("Accept") == ["application/json"]
    (agent,) = asked.headers.get_all("User-Agent")
    assert agent.startswith("authjwks/")


@pytest.mark.parametrize("name", ["User-Agent", "Accept", "accept"])
def test_own_header_replaces_the_usual_one_of_its_name(issuer, ca, tls, name):
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, ca_file=ca.file, headers={name: "mine"}), issuer) == (GOOD, None)

    assert server.asked[0].headers.get_all(name) == ["mine"]


def test_own_headers_are_sent_with_metadata_requests_too(issuer, ca, tls):
    with RecordingServer(lambda asked: Answer(404), tls) as server:
        url = f"https://127.0.0.1:{server.server_port}"
        verifier = Verifier(url, "https://api.example", http=HttpOptions(ca_file=ca.file, headers={"X-Key": "k"}))

        assert verdict(verifier, issuer.mint(iss=url)) == "keys_unavailable"

    assert [asked.headers["X-Key"] for asked in server.asked] == ["k", "k"]


@pytest.mark.parametrize(("is_named", "keys_sent"), [(False, None), (True, "secret")])
def test_own_headers_go_to_another_host_only_if_it_is_named(issuer, ca, tls, is_named, keys_sent):
    with serving(issuer, tls) as elsewhere:
        keys_at = f"127.0.0.1:{elsewhere.server_port}"
        hosts = [keys_at] if is_named else ()
        with naming_keys_at(keys_at, tls) as (server, url):
            http = HttpOptions(ca_file=ca.file, headers={"X-Api-Key": "secret"}, credential_hosts=hosts)

            assert verdict(Verifier(url, "https://api.example", http=http), issuer.mint(iss=url)) == GOOD

    assert [asked.headers["X-Api-Key"] for asked in server.asked] == ["secret"]
    assert [asked.headers["X-Api-Key"] for asked in elsewhere.asked] == [keys_sent]


def test_client_certificate_is_not_shown_to_another_host(issuer, ca, tls, demanding):
    with serving(issuer, demanding) as elsewhere, naming_keys_at(f"127.0.0.1:{elsewhere.server_port}", tls) as (_, url):
        http = HttpOptions(ca_file=ca.file, client_cert=ca.issue("client.example"))

        assert verdict(Verifier(url, "https://api.example", http=http), issuer.mint(iss=url)) == "keys_unavailable"

    assert not elsewhere.asked


@contextmanager
def naming_keys_at(host, tls):
    """A server with metadata whose keys are at `host`; it, and its issuer."""
    document = {"jwks_uri": f"https://{host}/jwks"}
    with RecordingServer(lambda asked: Answer(200, {}, json.dumps(document).encode()), tls) as server:
        document["issuer"] = f"https://127.0.0.1:{server.server_port}"
        yield server, document["issuer"]


def test_secrets_are_masked_when_options_are_shown():
    http = HttpOptions(headers={"X-Api-Key": "s3cret"}, proxy="http://ada:pa55@proxy.example:3128")

    assert "s3cret" not in repr(http)
    assert "pa55" not in repr(http)
    assert "X-Api-Key" in repr(http)
    assert "proxy.example:3128" in repr(http)


@pytest.mark.parametrize("host", ["https://a.example", "a.example/x", "u@a.example", "a b", "a.example:x"])
def test_credential_host_that_is_not_a_host_name_is_a_config_error(host):
    with pytest.raises(ConfigError, match="credential_hosts"):
        Verifier("https://issuer.example", "api", http=HttpOptions(credential_hosts=host))


@pytest.mark.slow
def test_encrypted_client_key_fails_without_a_question_at_the_terminal(ca):
    certificate, key = ca.issue("client.example")
    program = f"""
from authjwks import ConfigError, HttpOptions
try:
    HttpOptions(client_cert=({str(certificate)!r}, {str(encrypted(key))!r}))
except ConfigError as error:
    print(error)
"""
    assert at_a_terminal(program).endswith("a key that is encrypted; it must not be")


# What we take


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(issuer, ca, tls, status):
    with serving(issuer, tls) as target:
        there = {"Location": f"https://127.0.0.1:{target.server_port}/jwks"}
        with RecordingServer(lambda asked: Answer(status, there), tls) as server:
            verifier = keys_from(server, ca_file=ca.file, headers={"X-Api-Key": "secret"})

            assert outcome(verifier, issuer) == ("keys_unavailable", "redirected")

    assert (len(server.asked), len(target.asked)) == (1, 0)


def test_metadata_over_tls_may_not_name_keys_over_plain_http(issuer, ca, tls):
    with serving(issuer) as plain, RecordingServer(lambda asked: Answer(200, {}, metadata), tls) as server:
        url = f"https://127.0.0.1:{server.server_port}"
        metadata = json.dumps({"issuer": url, "jwks_uri": f"http://127.0.0.1:{plain.server_port}/jwks"}).encode()
        verifier = Verifier(url, "https://api.example", http=HttpOptions(ca_file=ca.file, allow_http=True))

        assert verdict(verifier, issuer.mint(iss=url)) == "keys_unavailable"

    assert reason(verifier) == "url_refused"
    assert not plain.asked


@pytest.mark.parametrize(
    ("body", "result"),
    [
        pytest.param(None, (GOOD, None), id="keys"),
        pytest.param(b" " * 50_000_000, ("keys_unavailable", "too_large"), id="bomb"),
    ],
)
def test_compressed_body_is_limited_by_its_unpacked_size(issuer, ca, tls, body, result):
    packed = gzip.compress(json.dumps(issuer.jwks()).encode() if body is None else body, 1)
    answer = Answer(200, {"Content-Encoding": "gzip"}, packed)
    with RecordingServer(lambda asked: answer, tls) as server:
        assert outcome(keys_from(server, ca_file=ca.file), issuer) == result


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Content-Encoding": "gzip, gzip, gzip"}, id="one_line"),
        pytest.param({"Content-Encoding": "gzip", "Transfer-Encoding": "gzip, chunked"}, id="both_headers"),
    ],
)
def test_body_compressed_several_times_is_refused_unread(issuer, ca, tls, headers):
    packed = gzip.compress(gzip.compress(gzip.compress(b" " * 1_000_000)))
    answer = Answer(200, headers, packed)
    with RecordingServer(lambda asked: answer, tls) as server:
        assert outcome(keys_from(server, ca_file=ca.file), issuer) == ("keys_unavailable", "bad_encoding")


# How long we wait


@contextmanager
def dripping(first):
    """A server that sends `first` and then a blank every 50 ms, for as long as anyone listens."""
    listener = socket.create_server(("127.0.0.1", 0))

    def drip(connection):
        with closing(connection), suppress(OSError):
            connection.sendall(first)
            while True:
                time.sleep(0.05)
                connection.sendall(b" ")

    def accept():
        with suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(listener.accept()[0],), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/jwks"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()


@pytest.mark.slow
@pytest.mark.parametrize(
    "first",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Slow:", id="headers_never_end"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", id="body_never_ends"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", id="body_of_no_length"),
    ],
)
def test_dripping_server_times_out(issuer, first):
    with dripping(first) as url:
        http = HttpOptions(timeout=0.4, allow_http=True)
        verifier = Verifier(NAME, "https://api.example", jwks_uri=url, http=http)

        assert outcome(verifier, issuer) == ("keys_unavailable", "timed_out")


def test_server_that_does_not_speak_http_is_unreachable(issuer):
    with dripping(b"SSH-2.0-OpenSSH\r\n") as url:
        verifier = Verifier(NAME, "https://api.example", jwks_uri=url, http=HttpOptions(allow_http=True))

        assert outcome(verifier, issuer) == ("keys_unavailable", "unreachable")


def test_connect_timeout_applies_to_a_silent_tls_handshake(
    issuer,
):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/jwks"
        http = HttpOptions(timeout=100, connect_timeout=0.2)
        verifier = Verifier(NAME, "https://api.example", jwks_uri=url, http=http)
        began = time.monotonic()

        assert outcome(verifier, issuer) == ("keys_unavailable", "timed_out")

        assert time.monotonic() - began < 30


@pytest.mark.slow
def test_timeout_covers_metadata_and_keys_together(issuer):
    def answer(asked):
        time.sleep(0.5)
        return Answer(200, {}, metadata if asked.path == OPENID else json.dumps(issuer.jwks()).encode())

    with RecordingServer(answer) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        metadata = json.dumps({"issuer": url, "jwks_uri": f"{url}/jwks"}).encode()
        verifier = Verifier(url, "https://api.example", http=HttpOptions(timeout=0.8, allow_http=True))

        assert verdict(verifier, issuer.mint(iss=url)) == "keys_unavailable"

    assert reason(verifier) == "timed_out"


# What is refused when the options are made


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"ca_path": "/nowhere"}, id="no_such_folder"),
        pytest.param({"ca_path": 5}, id="folder_no_path"),
        pytest.param({"client_cert": "/nowhere.pem"}, id="no_such_certificate"),
        pytest.param({"client_cert": (__file__, "/nowhere.key")}, id="no_such_key"),
        pytest.param({"client_cert": (__file__, None)}, id="key_missing"),
        pytest.param({"client_cert": (__file__,) * 3}, id="three_files"),
        pytest.param({"client_cert": 5}, id="certificate_no_path"),
        pytest.param({"proxy": 5}, id="proxy_not_str"),
        pytest.param({"proxy": b"http://proxy.example"}, id="proxy_bytes"),
        pytest.param({"proxy": "http://proxy.example\r\nX: y"}, id="proxy_line_break"),
        pytest.param({"proxy": "http://proxy.example\0"}, id="proxy_nul"),
        pytest.param({"connect_to": "issuer.example"}, id="rule_of_one_part"),
        pytest.param({"connect_to": ["a:1:b:2", "a:1:b"]}, id="rule_of_three_parts"),
        pytest.param({"connect_to": "a:1:b:2\r\n"}, id="rule_line_break"),
        pytest.param({"connect_to": [5]}, id="rule_not_str"),
        pytest.param({"connect_to": {"a:1:b:2": 1}}, id="rules_as_dict"),
        pytest.param({"connect_to": 5}, id="rules_a_number"),
    ],
)
def test_illegal_ways_to_the_server_are_a_config_error(options):
    with pytest.raises(ConfigError):
        HttpOptions(**options)
