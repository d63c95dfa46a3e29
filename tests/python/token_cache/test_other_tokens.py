"""Whatever only resembles a cached token is judged by itself, and refusals are never cached."""

import string
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from tests.support.token_cache import cache_of, cached, counters_of, from_cache
from tests.support.verdicts import GOOD, verdict

from authjwks.testing import tampered
from authjwks.testing.keys import b64url, b64url_json

ALPHABET = string.ascii_letters + string.digits + "-_"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def test_cached_token_with_one_character_changed_never_passes(own_issuer, fixed):
    token = cached(fixed, own_issuer.mint(alg="ES256"))
    entries = cache_of(fixed).entries

    verdicts = set()
    for place, character in enumerate(token):
        for step in (1, 32):  # the neighbour in the alphabet, and the highest of its six bits
            other = ALPHABET[(ALPHABET.find(character) + step) % 64]
            verdicts.add(verdict(fixed, token[:place] + other + token[place + 1 :]))

    assert verdicts <= {"malformed", "bad_signature", "unknown_key", "unsupported_alg"}
    assert cache_of(fixed).entries == entries
    from_cache(fixed, token)


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "ES512", "EdDSA"])
def test_parts_of_cached_tokens_put_together_never_pass(own_issuer, fixed, alg):
    one, two = (cached(fixed, own_issuer.mint(alg=alg, sub=sub)) for sub in ("one", "two"))
    (header, payload, signature), (_, others, others_signature) = one.split("."), two.split(".")

    assert verdict(fixed, f"{header}.{others}.{signature}") == "bad_signature"
    assert verdict(fixed, f"{header}.{payload}.{others_signature}") == "bad_signature"
    assert verdict(fixed, tampered(one)) == "bad_signature"
    none = b64url_json({"alg": "none"})
    assert verdict(fixed, f"{none}.{payload}.{signature}") == "unsupported_alg"
    for cut in (f"{header}.{payload}.", f".{payload}.{signature}", f"{header}..{signature}", signature[-64:]):
        assert verdict(fixed, cut) in {"malformed", "bad_signature"}


def test_twin_ecdsa_signature_is_cached_as_a_token_of_its_own(own_issuer, fixed):
    key = own_issuer.key("ES256")
    header, payload, _ = own_issuer.mint(alg="ES256").split(".")
    message = f"{header}.{payload}".encode()
    signature = key.sign(message)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    assert decode_dss_signature(encode_dss_signature(r, s)) == (r, s)
    token = cached(fixed, f"{header}.{payload}.{b64url(signature)}")
    before = cache_of(fixed)

    twin = f"{header}.{payload}.{b64url(r.to_bytes(32, 'big') + (P256_ORDER - s).to_bytes(32, 'big'))}"

    assert twin != token
    assert verdict(fixed, twin) == GOOD  # ECDSA has it so: who has seen a token can write this one
    assert counters_of(fixed)[:2] == (before.hits, before.misses + 1)
    assert cache_of(fixed).entries == before.entries + 1


@pytest.mark.parametrize(
    "change", [" {}", "{} ", "\t{}", "{}\n", "{}\0", "\ufeff{}", "{}é", "{}\ud800", "{}=", "Bearer {}", "{}."]
)
def test_cached_token_with_text_around_it_is_malformed(own_issuer, fixed, change):
    token = cached(fixed, own_issuer.mint(alg="ES256"))

    assert verdict(fixed, change.format(token)) == "malformed"


def test_cached_token_in_other_characters_or_types_is_malformed(own_issuer, fixed):
    token = cached(fixed, own_issuer.mint(alg="ES256"))

    wide = token[:-1] + chr(ord(token[-1]) + 0xFEE0)  # the same letter, full width
    dotted = token.replace(".", "\u3002")
    assert [verdict(fixed, each) for each in (wide, dotted)] == ["malformed"] * 2
    others: list[Any] = [token.encode(), bytearray(token.encode()), [token], memoryview(token.encode())]
    for other in others:
        with pytest.raises(TypeError):
            fixed.verify(other)


def test_str_subclass_is_judged_by_its_characters(own_issuer, fixed):
    class Sly(str):
        __slots__ = ()

        def __eq__(self, other):
            return True

        def __hash__(self):
            return hash(token)

        def __str__(self):
            return str.__str__(token)

        def __len__(self):
            return len(token)

    token = cached(fixed, own_issuer.mint(alg="ES256"))

    assert from_cache(fixed, Sly(token))["sub"] == GOOD
    assert verdict(fixed, Sly(tampered(token))) == "bad_signature"
    assert verdict(fixed, Sly("abc")) == "malformed"


@pytest.mark.parametrize("bad", ["forged", "expired", "wrong_audience"])
def test_refused_token_is_refused_again_and_never_kept(own_issuer, fixed, bad):
    token = {
        "forged": lambda: own_issuer.mint(key=own_issuer.impostor()),
        "expired": lambda: own_issuer.mint(lifetime=-3600),
        "wrong_audience": lambda: own_issuer.mint(aud="x"),
    }[bad]()

    verdicts = {verdict(fixed, token) for _ in range(3)}

    assert len(verdicts) == 1
    assert GOOD not in verdicts
    assert counters_of(fixed) == (0, 3, 0, 0, 0)
