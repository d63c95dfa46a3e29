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
from tests.support.verifiers import OPENID, health_of
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
    """The verdict on a good token, and the reason if there is none."""
    word = verdict(verifier, issuer.mint(iss=NAME))
    return word, None if word == GOOD else reason(verifier)


def reason(verifier):
    """Why the fetch failed; known a moment after who waited for it has given up."""
    return eventually(lambda: health_of(verifier).last_error)


# Whom we trust


def test_given_a_private_ca__when_its_file_is_named__then_keys_are_fetched(issuer, ca, tls):
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, ca_file=ca.file), issuer) == (GOOD, None)

    assert len(server.asked) == 1


def test_given_a_private_ca__when_its_folder_is_named__then_keys_are_fetched(issuer, ca, tls, tmp_path):
    if shutil.which("openssl") is None and not os.environ.get("CI"):
        pytest.skip("openssl's command line, which names the folder's files, is not installed")
    shutil.copy(ca.file, tmp_path / "any-name.pem")
    subprocess.run(["openssl", "rehash", tmp_path], check=True)

    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, ca_path=tmp_path), issuer) == (GOOD, None)


def test_given_a_folder_of_other_cas__when_named__then_refused(issuer, tls, tmp_path):
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, ca_path=tmp_path), issuer) == ("keys_unavailable", "tls_failed")

    assert not server.asked


def test_given_a_private_ca__when_nobody_names_it__then_refused_and_nothing_is_asked(issuer, tls):
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server), issuer) == ("keys_unavailable", "tls_failed")

    assert not server.asked


def test_given_another_ca__when_its_file_is_named__then_refused(issuer, tls, tmp_path):
    with serving(issuer, tls) as server:
        other = ThrowawayCa(tmp_path)

        assert outcome(keys_from(server, ca_file=other.file), issuer) == ("keys_unavailable", "tls_failed")

    assert not server.asked


@pytest.mark.parametrize(
    ("name", "validity"),
    [
        pytest.param("issuer.example", {}, id="another_name"),
        pytest.param("127.0.0.2", {}, id="another_address"),
        pytest.param("127.0.0.1", {"begins": -2 * DAY, "ends": -DAY}, id="expired"),
        pytest.param("127.0.0.1", {"begins": DAY, "ends": 2 * DAY}, id="not_yet_valid"),
    ],
)
def test_given_a_certificate_that_does_not_hold__when_asked__then_refused_and_nothing_is_asked(
    issuer, ca, name, validity
):
    with serving(issuer, ca.context(name, **validity)) as server:
        assert outcome(keys_from(server, ca_file=ca.file), issuer) == ("keys_unavailable", "tls_failed")

    assert not server.asked


def test_given_a_server_without_tls__when_asked_by_https__then_refused(issuer):
    with serving(issuer) as server:
        assert outcome(keys_from(server, allow_http=True), issuer) == ("keys_unavailable", "tls_failed")

    assert not server.asked


def test_given_a_ca_file_that_turned_to_rubbish__when_asked__then_refused_and_the_systems_store_is_no_way_out(
    issuer, tls, tmp_path
):
    rubbish = tmp_path / "ca.pem"
    rubbish.write_text("no certificate")
    with serving(issuer, tls) as server:
        verifier = keys_from(server, ca_file=rubbish)

        assert outcome(verifier, issuer) == ("keys_unavailable", "tls_failed")

    assert not server.asked


# Who we are


@pytest.fixture
def demanding(ca):
    """TLS of a server that wants to see a certificate of its clients."""
    context = ca.context("127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca.file)
    return context


@pytest.mark.parametrize("in_one_file", [True, False], ids=["one_file", "pair"])
def test_given_a_server_that_demands_a_certificate__when_we_have_one__then_it_knows_us(
    issuer, ca, demanding, tmp_path, in_one_file
):
    certificate, key = ca.issue("client.example")
    together = tmp_path / "both.pem"
    together.write_bytes(certificate.read_bytes() + key.read_bytes())
    client_cert = together if in_one_file else (certificate, key)

    with serving(issuer, demanding) as server:
        verifier = keys_from(server, ca_file=ca.file, client_cert=client_cert)

        assert outcome(verifier, issuer) == (GOOD, None)

    (asked,) = server.asked
    assert asked.client["subjectAltName"] == (("DNS", "client.example"),)


@pytest.mark.parametrize("shown", ["none", "of_another_ca", "without_its_key", "with_another_key"])
def test_given_a_server_that_demands_a_certificate__when_ours_will_not_do__then_keys_unavailable(
    issuer, ca, demanding, tmp_path, shown
):
    certificate, _ = ca.issue("client.example")
    client_cert = {
        "none": None,
        "of_another_ca": ThrowawayCa(tmp_path, "other").issue("client.example"),
        "without_its_key": certificate,
        "with_another_key": (certificate, ca.issue("another.example")[1]),
    }[shown]

    with serving(issuer, demanding) as server:
        word, error = outcome(keys_from(server, ca_file=ca.file, client_cert=client_cert), issuer)

    assert word == "keys_unavailable"
    assert error in ("tls_failed", "unreachable")  # by TLS 1.3 a server may say so only after the handshake
    assert not server.asked


# By which way


@pytest.fixture
def proxy():
    with ConnectProxy() as running:
        yield running


def test_given_a_proxy__when_named__then_keys_come_through_it_and_it_sees_none_of_our_headers(issuer, ca, tls, proxy):
    with serving(issuer, tls) as server:
        verifier = keys_from(server, ca_file=ca.file, proxy=proxy.url, headers={"X-Api-Key": "secret"})

        assert outcome(verifier, issuer) == (GOOD, None)

    ((target, headers),) = proxy.tunnels
    assert target == f"127.0.0.1:{server.server_port}"
    assert "X-Api-Key" not in headers
    assert "Accept" not in headers
    assert [asked.headers["X-Api-Key"] for asked in server.asked] == ["secret"]


def test_given_a_proxy_with_a_password__when_named__then_it_alone_is_told(issuer, ca, tls, proxy):
    with serving(issuer, tls) as server:
        url = proxy.url.replace("//", "//ada:secret@")

        assert outcome(keys_from(server, ca_file=ca.file, proxy=url), issuer) == (GOOD, None)

    assert proxy.tunnels[0][1]["Proxy-Authorization"] == "Basic YWRhOnNlY3JldA=="
    assert "Proxy-Authorization" not in server.asked[0].headers


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy"])
def test_given_a_proxy_in_the_environment__when_none_is_named__then_it_is_used(
    issuer, ca, tls, proxy, monkeypatch, variable
):
    monkeypatch.setenv(variable, proxy.url)
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, ca_file=ca.file), issuer) == (GOOD, None)

    assert len(proxy.tunnels) == 1


def test_given_a_proxy_in_the_environment__when_we_say_none__then_it_is_not_used(issuer, ca, tls, proxy, monkeypatch):
    monkeypatch.setenv("https_proxy", proxy.url)
    monkeypatch.setenv("all_proxy", proxy.url)
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, ca_file=ca.file, proxy=""), issuer) == (GOOD, None)

    assert proxy.tunnels == []


def test_given_an_environment_that_excepts_the_host__when_none_is_named__then_the_proxy_is_not_used(
    issuer, ca, tls, proxy, monkeypatch
):
    monkeypatch.setenv("https_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, ca_file=ca.file), issuer) == (GOOD, None)

    assert proxy.tunnels == []


def test_given_an_environment_that_excepts_the_host__when_a_proxy_is_named__then_what_is_named_counts(
    issuer, ca, tls, proxy, monkeypatch
):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, ca_file=ca.file, proxy=proxy.url), issuer) == (GOOD, None)

    assert len(proxy.tunnels) == 1


@pytest.mark.parametrize("status", [403, 407, 502])
def test_given_a_proxy_that_refuses__when_asked__then_unreachable_and_no_other_way_is_tried(
    issuer, ca, tls, proxy, status
):
    proxy.refuses = status
    with serving(issuer, tls) as server:
        verifier = keys_from(server, ca_file=ca.file, proxy=proxy.url)

        assert outcome(verifier, issuer) == ("keys_unavailable", "unreachable")

    assert not server.asked


def test_given_a_proxy_between_us__when_the_server_is_not_who_it_says__then_refused(issuer, tls, proxy):
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, proxy=proxy.url), issuer) == ("keys_unavailable", "tls_failed")

    assert not server.asked


@pytest.mark.parametrize("has_the_name", [True, False], ids=["its_own_certificate", "another_certificate"])
def test_given_a_detour__when_the_issuer_is_asked__then_there_but_by_its_own_name(issuer, ca, has_the_name):
    def answer(asked):
        if asked.path == OPENID:
            return Answer(200, {}, json.dumps({"issuer": NAME, "jwks_uri": f"{NAME}/keys"}).encode())
        return Answer(200, {}, json.dumps(issuer.jwks()).encode())

    with RecordingServer(answer, ca.context("issuer.example" if has_the_name else "127.0.0.1")) as server:
        rule = f"issuer.example:443:127.0.0.1:{server.server_port}"
        verifier = Verifier(NAME, "https://api.example", http=HttpOptions(ca_file=ca.file, connect_to=rule))

        result = outcome(verifier, issuer)

    assert result == ((GOOD, None) if has_the_name else ("keys_unavailable", "tls_failed"))
    asked = [(asked.path, asked.headers["Host"]) for asked in server.asked]
    assert asked == ([(OPENID, "issuer.example"), ("/keys", "issuer.example")] if has_the_name else [])


def test_given_several_detours__when_a_host_has_one__then_only_that_counts(issuer, ca, tls):
    with serving(issuer, tls) as server, serving(issuer, tls) as elsewhere:
        rules = [
            f"other.example:443:127.0.0.1:{elsewhere.server_port}",
            f"127.0.0.1:1:127.0.0.1:{elsewhere.server_port}",
            f"127.0.0.1:{server.server_port}::{elsewhere.server_port}",
        ]

        assert outcome(keys_from(server, ca_file=ca.file, connect_to=rules), issuer) == (GOOD, None)

    assert (len(server.asked), len(elsewhere.asked)) == (0, 1)


# What we say


def test_given_headers_of_our_own__when_asked__then_they_are_sent_besides_the_usual_ones(issuer, ca, tls):
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
def test_given_a_usual_header__when_we_have_one_of_our_own__then_that_alone_is_sent(issuer, ca, tls, name):
    with serving(issuer, tls) as server:
        assert outcome(keys_from(server, ca_file=ca.file, headers={name: "mine"}), issuer) == (GOOD, None)

    assert server.asked[0].headers.get_all(name) == ["mine"]


def test_given_headers_of_our_own__when_keys_are_discovered__then_both_requests_carry_them(issuer, ca, tls):
    with RecordingServer(lambda asked: Answer(404), tls) as server:
        url = f"https://127.0.0.1:{server.server_port}"
        verifier = Verifier(url, "https://api.example", http=HttpOptions(ca_file=ca.file, headers={"X-Key": "k"}))

        assert verdict(verifier, issuer.mint(iss=url)) == "keys_unavailable"

    assert [asked.headers["X-Key"] for asked in server.asked] == ["k", "k"]


@pytest.mark.parametrize(("is_named", "keys_sent"), [(False, None), (True, "secret")])
def test_given_metadata_that_names_another_host__when_keys_are_fetched__then_no_api_key_unless_named(
    issuer, ca, tls, is_named, keys_sent
):
    with serving(issuer, tls) as elsewhere:
        keys_at = f"127.0.0.1:{elsewhere.server_port}"
        hosts = [keys_at] if is_named else ()
        with naming_keys_at(keys_at, tls) as (server, url):
            http = HttpOptions(ca_file=ca.file, headers={"X-Api-Key": "secret"}, credential_hosts=hosts)

            assert verdict(Verifier(url, "https://api.example", http=http), issuer.mint(iss=url)) == GOOD

    assert [asked.headers["X-Api-Key"] for asked in server.asked] == ["secret"]
    assert [asked.headers["X-Api-Key"] for asked in elsewhere.asked] == [keys_sent]


def test_given_metadata_that_names_another_host__when_it_asks_for_a_certificate__then_it_is_shown_none(
    issuer, ca, tls, demanding
):
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


def test_given_secrets_in_options__when_shown__then_they_are_masked():
    http = HttpOptions(headers={"X-Api-Key": "s3cret"}, proxy="http://ada:pa55@proxy.example:3128")

    assert "s3cret" not in repr(http)
    assert "pa55" not in repr(http)
    assert "X-Api-Key" in repr(http)
    assert "proxy.example:3128" in repr(http)


@pytest.mark.parametrize("host", ["https://a.example", "a.example/x", "u@a.example", "a b", "a.example:x"])
def test_given_no_name_of_a_host__when_it_is_to_get_credentials__then_config_error(host):
    with pytest.raises(ConfigError, match="credential_hosts"):
        Verifier("https://issuer.example", "api", http=HttpOptions(credential_hosts=host))


@pytest.mark.slow
def test_given_an_encrypted_client_key__when_asked__then_a_failure_and_no_question_at_the_terminal(
    issuer, ca, demanding, tmp_path
):
    certificate, key = ca.issue("client.example")
    encrypted = tmp_path / "encrypted.pem"
    private_key = serialization.load_pem_private_key(key.read_bytes(), None)
    encryption = serialization.BestAvailableEncryption(b"secret")
    formats = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    encrypted.write_bytes(private_key.private_bytes(*formats, encryption))
    with serving(issuer, demanding) as server:
        program = f"""
from authjwks import HttpOptions, KeysUnavailable, Verifier
http = HttpOptions(ca_file={str(ca.file)!r}, client_cert=({str(certificate)!r}, {str(encrypted)!r}))
verifier = Verifier({NAME!r}, "api", jwks_uri="https://127.0.0.1:{server.server_port}/jwks", http=http)
try:
    verifier.prefetch()
except KeysUnavailable:
    print(verifier.health().issuers[0].last_error)
"""
        assert at_a_terminal(program).endswith("tls_failed")

    assert not server.asked


# What we take


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_given_a_redirect__when_asked__then_it_is_not_followed(issuer, ca, tls, status):
    with serving(issuer, tls) as target:
        there = {"Location": f"https://127.0.0.1:{target.server_port}/jwks"}
        with RecordingServer(lambda asked: Answer(status, there), tls) as server:
            verifier = keys_from(server, ca_file=ca.file, headers={"X-Api-Key": "secret"})

            assert outcome(verifier, issuer) == ("keys_unavailable", "bad_status")

    assert (len(server.asked), len(target.asked)) == (1, 0)


def test_given_metadata_by_tls__when_it_names_keys_by_plain_http__then_refused(issuer, ca, tls):
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
def test_given_a_compressed_body__when_fetched__then_its_size_counts_as_it_unfolds(issuer, ca, tls, body, result):
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
def test_given_a_body_compressed_several_times__when_fetched__then_refused_unread(issuer, ca, tls, headers):
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
def test_given_a_server_that_drips__when_the_time_is_up__then_timed_out(issuer, first):
    with dripping(first) as url:
        http = HttpOptions(timeout=0.4, allow_http=True)
        verifier = Verifier(NAME, "https://api.example", jwks_uri=url, http=http)

        assert outcome(verifier, issuer) == ("keys_unavailable", "timed_out")


def test_given_a_server_that_speaks_no_http__when_asked__then_unreachable(issuer):
    with dripping(b"SSH-2.0-OpenSSH\r\n") as url:
        verifier = Verifier(NAME, "https://api.example", jwks_uri=url, http=HttpOptions(allow_http=True))

        assert outcome(verifier, issuer) == ("keys_unavailable", "unreachable")


def test_given_a_server_that_never_shakes_hands__when_the_time_to_connect_is_up__then_the_rest_is_not_waited_for(
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
def test_given_discovery_and_keys_that_are_both_slow__when_the_time_is_up__then_it_was_for_both_together(issuer):
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
def test_given_an_illegal_way__when_options_are_made__then_config_error(options):
    with pytest.raises(ConfigError):
        HttpOptions(**options)
