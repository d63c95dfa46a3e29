"""Key sets as some servers send them: what is wrong with them, yet has no bearing on keys, costs nobody a request."""

import json
import os
from base64 import b64encode

import pytest
from tests.servers.terminal import at_a_terminal
from tests.support.verdicts import GOOD, verdict
from tests.support.verifiers import OPENID, health_of, verifier_of

HUGE = "123456789012345678901234567890"


def key_set(issuer, **members):
    """The issuer's keys, each with these members more."""
    return json.dumps({"keys": [{**key, **members} for key in issuer.jwks()["keys"]]})


@pytest.mark.parametrize(
    ("change", "tolerated"),
    [
        pytest.param(lambda text: "\ufeff" + text, ("byte_order_mark",), id="byte_order_mark"),
        pytest.param(
            lambda text: text.replace('{"kty"', f'{{"expires":{HUGE},"kty"'), ("number_out_of_range",), id="huge"
        ),
        pytest.param(
            lambda text: "\ufeff" + text[:-1] + ',"x":1e999}', ("byte_order_mark", "number_out_of_range"), id="both"
        ),
    ],
)
def test_odd_key_set_serves_and_health_names_what_was_tolerated(issuer, change, tolerated):
    verifier = verifier_of(issuer)
    body = change(json.dumps(issuer.jwks()))

    with issuer.respond("/jwks", body=body.encode()):
        assert verdict(verifier, issuer.mint()) == GOOD

    assert health_of(verifier).tolerated == tolerated


def test_odd_key_set_given_as_an_option_serves(issuer):
    verifier = verifier_of(issuer, jwks="\ufeff" + json.dumps(issuer.jwks()))

    assert verdict(verifier, issuer.mint()) == GOOD


def test_odd_metadata_serves_and_health_names_what_was_tolerated(issuer):
    metadata = {"issuer": issuer.issuer, "jwks_uri": f"{issuer.issuer}/jwks"}
    verifier = verifier_of(issuer)

    with issuer.respond(OPENID, body=b"\xef\xbb\xbf" + json.dumps(metadata).encode()):
        assert verdict(verifier, issuer.mint()) == GOOD

    assert health_of(verifier).tolerated == ("byte_order_mark",)


def test_usual_key_set_has_nothing_tolerated(issuer):
    verifier = verifier_of(issuer)
    verifier.prefetch()

    assert health_of(verifier).tolerated == ()


@pytest.mark.parametrize(
    "members",
    [
        pytest.param(dict.fromkeys(["alg", "use", "key_ops", "x5c", "d"]), id="null"),
        pytest.param({"k": 5, "oth": None, "crv2": {}}, id="unknown"),
    ],
)
def test_key_members_without_meaning_skip_no_key(issuer, members):
    verifier = verifier_of(issuer)

    with issuer.respond("/jwks", body=key_set(issuer, **members)):
        assert verdict(verifier, issuer.mint()) == GOOD

    assert health_of(verifier).skipped == ()


def test_key_with_a_huge_number_as_its_id_is_skipped_alone(issuer):
    keys = issuer.jwks()["keys"]
    odd = json.dumps({**keys[0], "kid": "HUGE"}).replace('"HUGE"', HUGE)
    verifier = verifier_of(issuer)

    with issuer.respond("/jwks", body=f'{{"keys":[{odd},{",".join(map(json.dumps, keys))}]}}'):
        assert verdict(verifier, issuer.mint()) == GOOD

    assert len(health_of(verifier).skipped) == 1


def test_token_with_a_byte_order_mark_or_a_huge_number_is_malformed(issuer):
    verifier = verifier_of(issuer)
    header, payload, signature = issuer.mint().split(".")

    for text in ("\ufeff{}", f'{{"exp":{HUGE}}}'):
        odd = b64encode(text.encode()).decode().rstrip("=")
        assert verdict(verifier, f"{odd}.{payload}.{signature}") == "malformed"
        assert verdict(verifier, f"{header}.{odd}.{signature}") in ("malformed", "bad_signature")


def test_encrypted_pem_is_a_config_error_without_asking_at_the_terminal():
    body = b64encode(os.urandom(96)).decode()
    headers = f"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,{os.urandom(16).hex().upper()}\n\n"
    pem = f"-----BEGIN PUBLIC KEY-----\n{headers}{body}\n-----END PUBLIC KEY-----\n"
    program = f"""
from authjwks import ConfigError, Verifier
try:
    Verifier("https://issuer.example", "api", jwks={pem!r})
except ConfigError as error:
    print(error)
"""
    assert at_a_terminal(program) == "neither a JSON Web Key Set nor PEM public keys"
