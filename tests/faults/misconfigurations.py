"""Mistakes that operators make: each with the code that names it, and the words that must name the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from tests.faults.http_faults import encryption_keys
from tests.faults.scene import JWKS, Scene, document, key_set
from tests.faults.tokens import new_key
from tests.servers.recording import Answer
from tests.servers.throwaway_ca import ThrowawayCa
from tests.support.verifiers import OPENID

from authjwks.testing import SigningKey


class Setup(NamedTuple):
    """The options of a service: of its `Verifier`, and of the `HttpOptions` where they are not the scene's."""

    verifier: Mapping[str, Any]
    http: Mapping[str, Any] = {}


class Misconfiguration(NamedTuple):
    """A mistake.

    Attributes:
        mistake: what is wrong, in a table's cell.
        codes: one of them must be reported.
        remedy: words that must be in the log line, or in the error's text.
        prepare: starts what it takes.
    """

    mistake: str
    codes: tuple[str, ...]
    remedy: str
    prepare: Callable[[Scene], Setup]


MISCONFIGURATIONS: list[Misconfiguration] = []


def _mistake(text: str, *codes: str, remedy: str) -> Callable[[Callable[[Scene], Setup]], Callable[[Scene], Setup]]:
    def register(prepare: Callable[[Scene], Setup]) -> Callable[[Scene], Setup]:
        MISCONFIGURATIONS.append(Misconfiguration(text, codes, remedy, prepare))
        return prepare

    return register


# The issuer


@_mistake("`issuer` lacks the slash at its end", "issuer_mismatch", remedy="with a slash")
def _without_slash(scene: Scene) -> Setup:
    return Setup({"issuer": scene.issuer(lambda base: f"{base}/")})


@_mistake("`issuer` has a slash at its end", "issuer_mismatch", remedy="without a slash")
def _with_slash(scene: Scene) -> Setup:
    return Setup({"issuer": scene.issuer() + "/"})


@_mistake("`issuer` names a realm that does not exist", "not_found", remedy="issuer")
def _wrong_realm(scene: Scene) -> Setup:
    return Setup({"issuer": scene.issuer() + "/realms/mastre"})


@_mistake("`issuer` is Entra's `/common`", "issuer_mismatch", remedy="{tenant}")
def _entra_common(scene: Scene) -> Setup:
    def documents(base: str) -> Mapping[str, Answer]:
        metadata = document(issuer=f"{base}/{{tenantid}}/v2.0", jwks_uri=base + JWKS)
        return {f"/common/v2.0{OPENID}": metadata, JWKS: key_set(new_key("only").jwk())}

    return Setup({"issuer": scene.serve(documents, scene.ssl) + "/common/v2.0"})


@_mistake("`issuer` is an http URL", "config_error", remedy="allow_http")
def _http_issuer(_: Scene) -> Setup:
    return Setup({"issuer": "http://issuer.example"})


@_mistake("`issuer` has its host in capitals", "issuer_mismatch", remedy="capitals and small letters")
def _upper_case(scene: Scene) -> Setup:
    base = scene.issuer(lambda base: base.replace("127.0.0.1", "localhost"))
    return Setup({"issuer": base.replace("127.0.0.1", "LOCALHOST")})


@_mistake("`issuer` is the URL of another issuer's metadata", "issuer_mismatch", remedy="issuer")
def _another_issuer(scene: Scene) -> Setup:
    return Setup({"issuer": scene.issuer(lambda _: "https://another.example")})


@_mistake("the metadata names no `jwks_uri`", "not_discovery", remedy="jwks_uri")
def _no_jwks_uri(scene: Scene) -> Setup:
    return Setup({"issuer": scene.serve(lambda base: {OPENID: document(issuer=base)}, scene.ssl)})


@_mistake("the metadata names keys over http", "url_refused", remedy="https")
def _http_keys(scene: Scene) -> Setup:
    plain = scene.serve(lambda _: {JWKS: key_set(new_key("only").jwk())}, None)
    base = scene.serve(lambda base: {OPENID: document(issuer=base, jwks_uri=plain + JWKS)}, scene.ssl)
    return Setup({"issuer": base})


# The places of documents


@_mistake("`jwks_uri` is the URL of the metadata", "not_a_key_set", remedy="discovery_url")
def _metadata_for_keys(scene: Scene) -> Setup:
    base = scene.issuer()
    return Setup({"issuer": base, "jwks_uri": base + OPENID})


@_mistake("`discovery_url` is the URL of the keys", "not_discovery", remedy="jwks_uri")
def _keys_for_metadata(scene: Scene) -> Setup:
    base = scene.issuer()
    return Setup({"issuer": base, "discovery_url": base + JWKS})


@_mistake("`jwks_uri` has a wrong path", "not_found", remedy="jwks_uri")
def _wrong_path(scene: Scene) -> Setup:
    return Setup(scene.keys_at(Answer(404)))


@_mistake("`jwks_uri` is answered with a login page", "not_json", remedy="jwks_uri")
def _login_page(scene: Scene) -> Setup:
    return Setup(scene.keys_at(Answer(200, {"Content-Type": "text/html"}, b"<html>Please log in</html>")))


@_mistake("`jwks_uri` redirects to a login page", "redirected", remedy="not followed")
def _redirect_to_login(scene: Scene) -> Setup:
    return Setup(scene.keys_at(Answer(302, {"Location": "https://login.example/"})))


@_mistake("`jwks_uri` redirects from http to https", "redirected", remedy="https")
def _redirect_to_https(scene: Scene) -> Setup:
    there = {"Location": scene.issuer() + JWKS}
    here = scene.serve(lambda _: {JWKS: Answer(308, there)}, None)
    return Setup({"issuer": "https://issuer.example", "jwks_uri": here + JWKS}, {"allow_http": True})


@_mistake("the keys are behind a login (401)", "access_denied", remedy="headers")
def _unauthorized(scene: Scene) -> Setup:
    return Setup(scene.keys_at(Answer(401, {"WWW-Authenticate": "Basic"})))


@_mistake("the keys are forbidden to us (403)", "access_denied", remedy="headers")
def _forbidden(scene: Scene) -> Setup:
    return Setup(scene.keys_at(Answer(403)))


# What the documents hold


@_mistake("the issuer has only encryption keys", "no_usable_keys", remedy="signing key")
def _encryption_keys(scene: Scene) -> Setup:
    return Setup(scene.keys_at(Answer(200, {}, encryption_keys())))


@_mistake("the issuer has an empty key set", "no_usable_keys", remedy="empty")
def _empty_set(scene: Scene) -> Setup:
    return Setup(scene.keys_at(key_set()))


@_mistake("the issuer has only RSA keys of 1,024 bits", "no_usable_keys", remedy="2048")
def _short_keys(scene: Scene) -> Setup:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    return Setup(scene.keys_at(key_set(SigningKey("RS256", "short", short).jwk())))


@_mistake("`jwks_uri` is a document of 2 MiB", "too_large", remedy="MiB")
def _oversized(scene: Scene) -> Setup:
    return Setup(scene.keys_at(Answer(200, {}, b" " * (2 << 20))))


# The way to the server


@_mistake("a wrong port", "connection_refused", remedy="port")
def _wrong_port(scene: Scene) -> Setup:
    return Setup({"issuer": f"https://127.0.0.1:{scene.refused_port()}"})


@_mistake("a wrong host name", "name_not_resolved", remedy="host")
def _wrong_host(_: Scene) -> Setup:
    return Setup({"issuer": "https://no-such-issuer.invalid"})


@_mistake("a firewall swallows the request", "timed_out", remedy="timeout")
def _silence(scene: Scene) -> Setup:
    return Setup({"issuer": f"https://127.0.0.1:{scene.silent_port()}"})


@_mistake("the proxy wants a password (407)", "proxy_failed", remedy="proxy")
def _proxy_login(scene: Scene) -> Setup:
    return Setup(scene.working(), {"proxy": scene.proxy(refuses=407)})


@_mistake("the proxy is not there", "proxy_failed", remedy="proxy")
def _no_proxy(scene: Scene) -> Setup:
    return Setup(scene.working(), {"proxy": f"http://127.0.0.1:{scene.refused_port()}"})


@_mistake("an https URL of a plain http port", "tls_failed", remedy="plain http")
def _tls_to_plain(scene: Scene) -> Setup:
    plain = scene.serve(lambda _: {JWKS: key_set(new_key("only").jwk())}, None)
    return Setup({"issuer": "https://issuer.example", "jwks_uri": plain.replace("http:", "https:") + JWKS})


@_mistake("`fetch` raises an exception", "fetch_raised", remedy="fetch")
def _fetch_raises(_: Scene) -> Setup:
    def fetch(url: str, headers: Mapping[str, str], timeout: float) -> tuple[int, Mapping[str, str], bytes]:
        raise RuntimeError("no session")

    return Setup({"issuer": "https://issuer.example", "fetch": fetch})


# Certificates


@_mistake("the server's CA is a private one", "tls_untrusted", remedy="ca_file")
def _private_ca(scene: Scene) -> Setup:
    return Setup(scene.working(), {"ca_file": None})


@_mistake("the server's certificate has expired", "tls_expired", remedy="Renew")
def _expired(scene: Scene) -> Setup:
    return Setup(scene.working(scene.certificate("127.0.0.1", ends=timedelta(days=-1))))


@_mistake("the server's certificate is for another host", "tls_wrong_host", remedy="host")
def _another_host(scene: Scene) -> Setup:
    return Setup(scene.working(scene.certificate("another.example")))


@_mistake("`ca_file` is no PEM file", "config_error", "tls_no_roots", remedy="ca_file")
def _ca_file_of_rubbish(scene: Scene) -> Setup:
    return Setup(scene.working(), {"ca_file": scene.file("ca.pem", b"no certificate")})


@_mistake("`ca_file` does not exist", "config_error", remedy="ca_file")
def _no_ca_file(scene: Scene) -> Setup:
    return Setup(scene.working(), {"ca_file": scene.folder / "ca.pem"})


@_mistake("the server demands a client certificate", "tls_client_certificate", remedy="client_cert")
def _no_client_cert(scene: Scene) -> Setup:
    return Setup(scene.mutual())


@_mistake("`client_cert` has no key", "config_error", "tls_client_certificate", remedy="client_cert")
def _no_client_key(scene: Scene) -> Setup:
    certificate, _ = ThrowawayCa(scene.folder).issue("client.example")
    return Setup(scene.mutual(), {"client_cert": certificate})


@_mistake("`client_cert` has another's key", "config_error", "tls_client_certificate", remedy="client_cert")
def _another_client_key(scene: Scene) -> Setup:
    ca = ThrowawayCa(scene.folder)
    return Setup(scene.mutual(), {"client_cert": (ca.issue("client.example")[0], ca.issue("another.example")[1])})


@_mistake("`client_cert` has an encrypted key", "config_error", "tls_client_certificate", remedy="encrypted")
def _encrypted_client_key(scene: Scene) -> Setup:
    certificate, key = ThrowawayCa(scene.folder).issue("client.example")
    private = load_pem_private_key(key.read_bytes(), None)
    encrypted = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    return Setup(scene.mutual(), {"client_cert": (certificate, scene.file("encrypted.key", encrypted))})
