"""The cache of tokens under attack: whatever is remembered, a token passes only where it would pass without it."""

import asyncio
import base64
import gc
import json
import os
import random
import string
import subprocess
import sys
import textwrap
import threading
import time
import tracemalloc
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from flask import Flask, g
from tests.servers.recording import Answer, RecordingServer
from tests.support.verdicts import GOOD, verdict, verdict_async
from tests.support.verifiers import verifier_of
from tests.support.waiting import eventually

from authjwks import ANY, AuthError, ConfigError, InvalidToken, KeyOptions, TokenCacheOptions, Verifier
from authjwks.fastapi import Auth as FastApiAuth
from authjwks.flask import AuthExtension
from authjwks.testing import Issuer, tampered
from authjwks.testing.keys import b64url_json

ALPHABET = string.ascii_letters + string.digits + "-_"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture
def fixed(own_issuer):
    """Judges by keys that never change."""
    return fixed_of(own_issuer)


@pytest.fixture
def found(own_issuer):
    """Finds its keys by discovery."""
    return found_of(own_issuer)


def fixed_of(issuer, /, **options):
    return Verifier(**{"issuer": issuer.issuer, "audience": issuer.audience, "jwks": issuer.jwks(), **options})


def found_of(issuer, /, **options):
    return verifier_of(issuer, **{"keys": KeyOptions(cooldown=0.0), **options})


def b64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def cache_of(verifier):
    return verifier.health().token_cache


def from_cache(verifier, token):
    """The claims of a token that must be found in the cache."""
    before = cache_of(verifier).hits
    claims = verifier.verify(token)
    assert cache_of(verifier).hits == before + 1, "the attack never met the cache"
    return claims


def remembered(verifier, token):
    """The token, once it has passed and been found in the cache."""
    verifier.verify(token)
    from_cache(verifier, token)
    return token


def at(verifier, token, now):
    """The token's `sub` or the code of its refusal, judged at `now`."""
    try:
        return verifier._native.verify_at(token, now)["sub"]
    except AuthError as refused:
        return refused.code


# Another policy


@pytest.mark.parametrize(
    ("strict", "code"),
    [
        pytest.param({"audience": "https://other.example"}, "wrong_audience", id="audience"),
        pytest.param({"issuer": "https://other.example"}, "wrong_issuer", id="issuer"),
        pytest.param({"token_type": "logout+jwt"}, "wrong_type", id="type"),
        pytest.param({"required_claims": ["exp", "tenant"]}, "claim_missing", id="required_claims"),
        pytest.param({"algorithms": ["RS256"]}, "unsupported_alg", id="algorithms"),
        pytest.param({"max_token_bytes": 100}, "too_long", id="size"),
    ],
)
def test_given_a_token_that_one_verifier_remembers__when_a_stricter_one_is_asked__then_refused(
    own_issuer, strict, code
):
    lenient, other = fixed_of(own_issuer, audience=ANY, leeway=300), fixed_of(own_issuer, **strict)
    token = remembered(lenient, own_issuer.mint(alg="ES256"))

    assert [verdict(other, token) for _ in range(3)] == [code] * 3
    assert cache_of(other)[:3] == (0, 3, 0)


def test_given_a_token_within_a_larger_leeway__when_one_with_less_is_asked__then_expired(own_issuer):
    lenient, strict = fixed_of(own_issuer, leeway=300), fixed_of(own_issuer, leeway=0)
    token = remembered(lenient, own_issuer.mint(alg="ES256", lifetime=-60))

    assert [verdict(strict, token), verdict(lenient, token)] == ["expired", GOOD]


def test_given_the_same_options_twice__when_one_verifier_remembers__then_the_other_does_not_know(own_issuer):
    one, two = fixed_of(own_issuer), fixed_of(own_issuer)
    token = remembered(one, own_issuer.mint())

    two.verify(token)

    assert cache_of(two)[:2] == (0, 1)


# Changed claims


def test_given_remembered_claims__when_a_caller_changes_them_at_any_depth__then_nobody_else_sees_it(own_issuer, fixed):
    given = {
        "roles": ["reader"],
        "realm_access": {"roles": ["reader"], "deep": [{"list": [1, [2, {"x": []}]]}, []]},
        "empty": [{}, []],
    }
    token = own_issuer.mint(given, alg="ES256")

    def poison(value):
        for item in list(value.values() if isinstance(value, dict) else value):
            if isinstance(item, (dict, list)):
                poison(item)
        if isinstance(value, dict):
            for name in value:
                value[name] = "admin"
            value["roles"] = ["admin"]
        else:
            value[:] = ["admin"]

    for _ in range(4):  # the answer of the check itself, and those from the cache
        claims = fixed.verify(token)
        assert {name: claims[name] for name in given} == given
        assert claims["sub"] == GOOD
        poison(claims)
    assert cache_of(fixed).hits == 3


def test_given_two_answers_from_the_cache__when_compared__then_they_share_no_container(own_issuer, fixed):
    token = remembered(fixed, own_issuer.mint({"a": [[], {}, [{"b": [1]}]], "c": {"d": {"e": []}}}, alg="ES256"))

    def containers(value):
        if not isinstance(value, (dict, list)):
            return []
        items = value.values() if isinstance(value, dict) else value
        return [value, *(inner for item in items for inner in containers(item))]

    answers = [containers(fixed.verify(token)) for _ in range(3)]
    every = [each for answer in answers for each in answer]
    assert len(every) == 3 * 10
    assert len({id(each) for each in every}) == len(every)


# Time


def test_given_a_remembered_token__when_it_expires__then_refused_at_that_very_moment(own_issuer, fixed):
    token = remembered(fixed, own_issuer.mint(alg="ES256", exp=2**32))

    assert at(fixed, token, 2**32 + 29.999) == GOOD
    assert at(fixed, token, 2**32 + 30) == "expired"
    assert at(fixed, token, 2**40) == "expired"
    assert at(fixed, token, 2**32) == GOOD  # a clock that was put right again


def test_given_a_remembered_token__when_real_time_passes__then_it_expires(own_issuer):
    verifier = fixed_of(own_issuer, leeway=0)
    token = own_issuer.mint(alg="ES256", exp=time.time() + 1.5)
    remembered(verifier, token)

    eventually(lambda: verdict(verifier, token) == "expired")

    assert verdict(verifier, token) == "expired"
    with pytest.raises(InvalidToken):
        asyncio.run(verifier.verify_async(token))


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_given_a_remembered_token__when_the_clock_goes_back_before_its_time__then_not_yet_valid(
    own_issuer, fixed, claim
):
    birth = int(time.time()) - 1000
    token = remembered(fixed, own_issuer.mint({"iat": birth - 100, claim: birth}, alg="ES256"))

    assert at(fixed, token, birth - 30) == GOOD
    assert at(fixed, token, birth - 30.5) == "not_yet_valid"
    assert at(fixed, token, 0) == "not_yet_valid"
    assert verdict(fixed, token) == GOOD


def test_given_a_token_without_expiry__when_waived__then_it_is_remembered_and_its_other_times_count(own_issuer):
    verifier = fixed_of(own_issuer, required_claims=())
    token = remembered(verifier, own_issuer.mint(alg="ES256", exp=None, nbf=1000))

    assert at(verifier, token, 1e15) == GOOD
    assert at(verifier, token, 900) == "not_yet_valid"


# Keys


def test_given_a_remembered_token__when_its_key_is_withdrawn__then_refused_after_the_next_fetch(own_issuer, found):
    token = remembered(found, own_issuer.mint(alg="ES256"))
    kid = own_issuer.key("ES256").kid
    own_issuer.rotate("ES256", keep=False)

    found.refresh()

    assert [verdict(found, token), asyncio.run(verdict_async(found, token))] == ["unknown_key"] * 2
    assert kid not in {key["kid"] for key in own_issuer.jwks()["keys"]}


def test_given_a_remembered_token__when_its_key_id_comes_to_name_another_key__then_bad_signature(own_issuer, found):
    token = remembered(found, own_issuer.mint(alg="ES256"))
    impostor = own_issuer.impostor("ES256")

    with own_issuer.respond("/jwks", body=json.dumps({"keys": [impostor.jwk()]})):
        found.refresh()
        assert [verdict(found, token) for _ in range(2)] == ["bad_signature"] * 2
    found.refresh()
    assert verdict(found, token) == GOOD


def test_given_a_remembered_token__when_another_key_is_published__then_it_is_checked_once_more(own_issuer, found):
    token = remembered(found, own_issuer.mint(alg="ES256"))
    own_issuer.rotate("ES256")
    found.refresh()
    before = cache_of(found)

    assert [verdict(found, token) for _ in range(3)] == [GOOD] * 3

    after = cache_of(found)
    assert (after.hits, after.misses, after.entries) == (before.hits + 2, before.misses + 1, before.entries)


def test_given_a_remembered_token__when_the_same_keys_come_back__then_it_stays(own_issuer, found):
    token = remembered(found, own_issuer.mint(alg="ES256"))

    found.refresh()

    from_cache(found, token)


def test_given_an_outage_beyond_max_stale__when_a_remembered_token_comes__then_503_and_no_remembered_yes(own_issuer):
    verifier = found_of(own_issuer, keys=KeyOptions(ttl=0.2, max_stale=0.3, cooldown=0.0))
    token = own_issuer.mint(alg="ES256")
    verifier.prefetch()
    eventually(lambda: verdict(verifier, token) == GOOD and cache_of(verifier).hits)
    with own_issuer.outage():
        eventually(lambda: verdict(verifier, token) == "keys_unavailable")
        assert [verdict(verifier, token) for _ in range(3)] == ["keys_unavailable"] * 3
        assert asyncio.run(verdict_async(verifier, token)) == "keys_unavailable"
    eventually(lambda: verdict(verifier, token) == GOOD)


def test_given_keys_past_their_ttl__when_the_key_was_withdrawn_meanwhile__then_the_cache_does_not_say_yes(own_issuer):
    verifier = found_of(own_issuer, keys=KeyOptions(ttl=3600, cooldown=0.0))
    with own_issuer.respond("/jwks", headers={"Cache-Control": "max-age=60"}):
        token = remembered(verifier, own_issuer.mint(alg="ES256"))
    own_issuer.withdraw(own_issuer.key("ES256").kid)
    verifier.refresh()

    assert verdict(verifier, token) == "unknown_key"


def test_given_a_closed_verifier__when_a_remembered_token_comes__then_it_is_judged_as_any_other(own_issuer, found):
    token, other = remembered(found, own_issuer.mint(alg="ES256")), own_issuer.mint(alg="ES256")
    found.close()

    assert verdict(found, token) == verdict(found, other) == GOOD


# Many issuers


def test_given_several_issuers__when_tokens_of_each_are_remembered__then_the_fate_of_one_is_not_the_others(own_issuer):
    with Issuer() as other:
        verifier = found_of(own_issuer, issuer=[own_issuer.issuer, other.issuer])
        mine, theirs = (remembered(verifier, each.mint(alg="ES256")) for each in (own_issuer, other))
        own_issuer.rotate("ES256", keep=False)
        verifier.refresh()

        assert verdict(verifier, mine) == "unknown_key"
        from_cache(verifier, theirs)
        assert verdict(verifier, other.mint(alg="ES256", iss=own_issuer.issuer)) == "unknown_key"
        assert verdict(verifier, own_issuer.mint(alg="ES256", iss=other.issuer)) != GOOD


def test_given_a_template__when_more_tenants_come_than_are_kept__then_a_forgotten_ones_token_is_judged_anew(own_issuer):
    def answer(asked):
        if asked.path == "/jwks":
            return Answer(200, {}, keys)
        base = f"http://127.0.0.1:{server.server_port}"
        tenant = asked.path.split("/")[1]
        return Answer(200, {}, json.dumps({"issuer": f"{base}/{tenant}", "jwks_uri": f"{base}/jwks"}).encode())

    keys = json.dumps(own_issuer.jwks()).encode()
    with RecordingServer(answer) as server:
        base = f"http://127.0.0.1:{server.server_port}"
        verifier = found_of(own_issuer, issuer=base + "/{tenant}")
        token = remembered(verifier, own_issuer.mint(alg="ES256", iss=f"{base}/first"))
        for number in range(1030):
            assert verdict(verifier, own_issuer.mint(alg="ES256", iss=f"{base}/t{number}")) == GOOD
        fetches = len(server.asked)

        assert verdict(verifier, token) == GOOD

        assert len(server.asked) == fetches + 2, "its keys are fetched again before it passes"
        keys = json.dumps({"keys": []}).encode()
        verifier.refresh()
        assert verdict(verifier, token) == "unknown_key"


def test_given_a_function_that_trusts__when_asked_for_a_remembered_token__then_it_passes_by_its_issuers_keys(
    own_issuer,
):
    asked = []

    def trusts(name):
        asked.append(name)
        return name == own_issuer.issuer

    verifier = found_of(own_issuer, issuer=trusts)
    token = remembered(verifier, own_issuer.mint(alg="ES256"))
    with Issuer() as stranger:
        assert [verdict(verifier, stranger.mint()) for _ in range(2)] == ["wrong_issuer"] * 2
    own_issuer.rotate("ES256", keep=False)
    verifier.refresh()

    assert verdict(verifier, token) == "unknown_key"
    assert asked.count(own_issuer.issuer) == 1


# Other tokens


def test_given_a_remembered_token__when_any_one_character_is_changed__then_none_passes(own_issuer, fixed):
    token = remembered(fixed, own_issuer.mint(alg="ES256"))
    entries = cache_of(fixed).entries

    verdicts = set()
    for place, character in enumerate(token):
        for step in (1, 32):  # the neighbour in the alphabet, and the highest of its six bits
            other = ALPHABET[(ALPHABET.find(character) + step) % 64]
            verdicts.add(verdict(fixed, token[:place] + other + token[place + 1 :]))

    assert verdicts <= {"malformed", "bad_signature", "unknown_key", "unsupported_alg"}
    assert cache_of(fixed).entries == entries
    from_cache(fixed, token)


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "ES512", "EdDSA", "Ed448"])
def test_given_a_remembered_token__when_its_parts_are_put_together_otherwise__then_none_passes(own_issuer, fixed, alg):
    one, two = (remembered(fixed, own_issuer.mint(alg=alg, sub=sub)) for sub in ("one", "two"))
    (header, payload, signature), (_, others, others_signature) = one.split("."), two.split(".")

    assert verdict(fixed, f"{header}.{others}.{signature}") == "bad_signature"
    assert verdict(fixed, f"{header}.{payload}.{others_signature}") == "bad_signature"
    assert verdict(fixed, tampered(one)) == "bad_signature"
    none = b64url_json({"alg": "none"})
    assert verdict(fixed, f"{none}.{payload}.{signature}") == "unsupported_alg"
    for cut in (f"{header}.{payload}.", f".{payload}.{signature}", f"{header}..{signature}", signature[-64:]):
        assert verdict(fixed, cut) in {"malformed", "bad_signature"}


def test_given_a_remembered_token__when_its_twin_signature_comes__then_it_is_a_token_of_its_own(own_issuer, fixed):
    key = own_issuer.key("ES256")
    header, payload, _ = own_issuer.mint(alg="ES256").split(".")
    message = f"{header}.{payload}".encode()
    signature = key.sign(message)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    assert decode_dss_signature(encode_dss_signature(r, s)) == (r, s)
    token = remembered(fixed, f"{header}.{payload}.{b64url(signature)}")
    before = cache_of(fixed)

    twin = f"{header}.{payload}.{b64url(r.to_bytes(32, 'big') + (P256_ORDER - s).to_bytes(32, 'big'))}"

    assert twin != token
    assert verdict(fixed, twin) == GOOD  # ECDSA has it so: who has seen a token can write this one
    assert cache_of(fixed)[:2] == (before.hits, before.misses + 1)
    assert cache_of(fixed).entries == before.entries + 1


@pytest.mark.parametrize(
    "change", [" {}", "{} ", "\t{}", "{}\n", "{}\0", "\ufeff{}", "{}é", "{}\ud800", "{}=", "Bearer {}", "{}."]
)
def test_given_a_remembered_token__when_something_is_put_around_it__then_malformed(own_issuer, fixed, change):
    token = remembered(fixed, own_issuer.mint(alg="ES256"))

    assert verdict(fixed, change.format(token)) == "malformed"


def test_given_a_remembered_token__when_written_in_other_characters__then_malformed(own_issuer, fixed):
    token = remembered(fixed, own_issuer.mint(alg="ES256"))

    wide = token[:-1] + chr(ord(token[-1]) + 0xFEE0)  # the same letter, full width
    dotted = token.replace(".", "\u3002")
    assert [verdict(fixed, each) for each in (wide, dotted)] == ["malformed"] * 2
    others: list[Any] = [token.encode(), bytearray(token.encode()), [token], memoryview(token.encode())]
    assert [verdict(fixed, other) for other in others] == ["malformed"] * 4


def test_given_a_str_of_a_class_of_its_own__when_it_claims_to_equal_anything__then_its_characters_count(
    own_issuer, fixed
):
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

    token = remembered(fixed, own_issuer.mint(alg="ES256"))

    assert from_cache(fixed, Sly(token))["sub"] == GOOD
    assert verdict(fixed, Sly(tampered(token))) == "bad_signature"
    assert verdict(fixed, Sly("abc")) == "malformed"


@pytest.mark.parametrize("bad", ["forged", "expired", "wrong_audience"])
def test_given_a_token_that_was_refused__when_it_comes_again__then_it_is_refused_again_and_not_kept(
    own_issuer, fixed, bad
):
    token = {
        "forged": lambda: own_issuer.mint(key=own_issuer.impostor()),
        "expired": lambda: own_issuer.mint(lifetime=-3600),
        "wrong_audience": lambda: own_issuer.mint(aud="x"),
    }[bad]()

    verdicts = {verdict(fixed, token) for _ in range(3)}

    assert len(verdicts) == 1
    assert GOOD not in verdicts
    assert cache_of(fixed) == (0, 3, 0, 0, 0)


# Equal claims


CLAIMS = {
    "integers": [0, -1, 256, 257, 2**31, 2**53 + 1, -(2**63), 2**63, 2**64 - 1],
    "floats": [0.5, -0.0, 1e-300, 1e300, 1.7976931348623157e308, 5e-324, 1.0],
    "constants": [None, True, False],
    "texts": [
        "",
        "a",
        "é",
        "ü" * 70,
        "日本語",
        "\U0001f600" * 30,
        "a\u0000b",
        "x" * 64,
        "x" * 65,
        "x" * 5000,
        "\u2028",
    ],
    "same_texts": ["again"] * 20 + ["also again, but much longer than what is shared between tokens: " * 2] * 3,
    "empty": [[], {}, [[]], [{}], {"": {}}, ""],
    "nested": {"a": [{"b": [{"c": [1, [2, [3, {"d": None}]]]}]}]},
    "dicts": [{"a": 1, "b": [1]}, {"b": [1], "a": 1}, {"a": 1}],
    "wide": {f"name {number}": [number] for number in range(33)},
    "as_wide_as_shapes_go": {f"name {number}": number for number in range(32)},
    "long_names": {"n" * 64: 1, "n" * 65: 2, "ñ" * 40: 3, "名": 4, "": 5},
    "names_like_values": {"sub": "sub", "iss": ["iss"]},
}


@pytest.mark.parametrize("kind", CLAIMS)
def test_given_json_of_any_kind__when_it_comes_from_the_cache__then_it_is_the_same_to_the_last_type(
    own_issuer, fixed, kind
):
    token = own_issuer.mint({"value": CLAIMS[kind]}, alg="ES256")

    first = fixed.verify(token)
    again = [from_cache(fixed, token) for _ in range(3)]

    assert repr(first["value"]) == repr(CLAIMS[kind])
    assert [repr(claims) for claims in again] == [repr(first)] * 3  # repr also tells 1 from 1.0 and True, and the order


def test_given_many_claims_at_the_top__when_they_come_from_the_cache__then_they_are_the_same(own_issuer, fixed):
    for count in (1, 20, 25, 26, 60, 200):
        token = own_issuer.mint({f"claim {number}": {"n": number} for number in range(count)}, alg="ES256")
        first = fixed.verify(token)
        assert repr(from_cache(fixed, token)) == repr(first)
        assert len(first) == 7 + count


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", str(2**64), str(-(2**63) - 1), "1" * 400, "NaN", "Infinity", "01"]
)
def test_given_a_number_out_of_bounds__when_verified_again__then_refused_both_times(own_issuer, fixed, number):
    payload = json.dumps({"iss": own_issuer.issuer, "aud": own_issuer.audience, "exp": 2**32, "x": "?"}).replace(
        '"?"', number
    )
    key = own_issuer.key("ES256")
    message = f"{b64url_json({'alg': 'ES256', 'kid': key.kid})}.{b64url(payload.encode())}"
    token = f"{message}.{b64url(key.sign(message.encode()))}"

    assert [verdict(fixed, token) for _ in range(2)] == ["malformed"] * 2
    assert cache_of(fixed).entries == 0


def test_given_tokens_of_alternating_shapes__when_they_come_in_turns__then_no_claim_is_anothers(own_issuer, fixed):
    rng = random.Random(7)
    names = [f"claim_{number}" for number in range(40)]
    tokens = {}
    for number in range(200):
        chosen = rng.sample(names, rng.randrange(0, 34))
        claims = {name: rng.choice([number, str(number), [number], {name: number}]) for name in chosen}
        tokens[own_issuer.mint(claims, alg="ES256", sub=str(number))] = claims
    for _ in range(3):
        for token in rng.sample(sorted(tokens), len(tokens)):
            claims = fixed.verify(token)
            assert {name: value for name, value in claims.items() if name in names} == tokens[token]
    assert cache_of(fixed).hits == 400


# Options and counters


def test_given_no_cache__when_a_token_comes_again__then_it_is_checked_again(own_issuer):
    verifier = fixed_of(own_issuer, token_cache=None)
    token = own_issuer.mint({"marker": 1234.5}, alg="ES256")

    markers = [verifier.verify(token)["marker"] for _ in range(3)]

    assert len({id(marker) for marker in markers}) == 3, "each is made anew"
    assert cache_of(verifier) is None


@pytest.mark.parametrize("given", [True, 0, 5, (1, 2), {}, "16 MiB", TokenCacheOptions])
def test_given_what_is_no_cache_option__when_a_verifier_is_made__then_config_error(own_issuer, given):
    with pytest.raises(ConfigError, match="token_cache"):
        fixed_of(own_issuer, token_cache=given)


def test_given_tokens_good_and_bad__when_health_is_asked__then_all_are_counted(own_issuer):
    verifier = fixed_of(own_issuer, token_cache=TokenCacheOptions(max_entries=2))
    one, two, three = (own_issuer.mint(alg="ES256") for _ in range(3))
    assert cache_of(verifier) == (0, 0, 0, 0, 0)

    for token in (one, two, one, one, tampered(one), three):
        verdict(verifier, token)

    cache = cache_of(verifier)
    assert (cache.hits, cache.misses, cache.evictions, cache.entries) == (2, 4, 1, 2)
    assert len(one + three) < cache.bytes < 8000
    verdict(verifier, two)  # was the one to go
    assert cache_of(verifier)[:3] == (2, 5, 2)


def test_given_a_token_larger_than_the_cache__when_it_comes_again__then_it_passes_and_is_not_kept(own_issuer):
    verifier = fixed_of(own_issuer, token_cache=TokenCacheOptions(max_bytes=1000))
    token = own_issuer.mint({"x": "y" * 5000}, alg="ES256")

    assert [verdict(verifier, token) for _ in range(2)] == [GOOD] * 2
    assert cache_of(verifier) == (0, 2, 0, 0, 0)


# Memory


MEMORY = """
import gc, random, sys
from authjwks import TokenCacheOptions, Verifier
from authjwks.testing import Issuer

shape, count, max_bytes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = random.Random(1)


def word(size):
    return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=size))


PREVIOUS = [word(200)]
SHAPES = {
    "plain": lambda: {},
    "rich": lambda: {"email": word(12), "roles": ["a", "b"], "scope": "read:a write:b", "access": {"roles": ["c"]}},
    "short_texts": lambda: {"x": [word(4) for _ in range(800)]},
    "same_texts": lambda: {"x": [word(3) for _ in range(500)] * 2},
    "long_names": lambda: {word(70): 1 for _ in range(80)},
    "small_dicts": lambda: {"x": [{word(4): 1} for _ in range(600)]},
    "numbers": lambda: {"x": [rng.randrange(2**62) for _ in range(300)] + [rng.random() for _ in range(200)]},
    "one_text_twice": lambda: {"x": [word(3000)] * 2},
    "shared_then_alone": lambda: {"x": [PREVIOUS[0], PREVIOUS.__setitem__(0, word(200)) or PREVIOUS[0]]},
    "unicode": lambda: {"x": [word(1) + chr(0x1F600) + word(2) for _ in range(300)]},
}


def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


with Issuer() as issuer:
    options = {"issuer": issuer.issuer, "audience": issuer.audience, "jwks": issuer.jwks()}
    without = Verifier(**options, token_cache=None)
    for _ in range(max(count // 20, 100)):
        without.verify(issuer.mint(SHAPES[shape](), alg="ES256"))
    verifier = Verifier(**options, token_cache=TokenCacheOptions(max_bytes=max_bytes, max_entries=10**9))
    before = resident()
    marks = []
    for _ in range(2):
        for _ in range(count // 2):
            verifier.verify(issuer.mint(SHAPES[shape](), alg="ES256"))
        marks.append(resident() - before)
    cache = verifier.health().token_cache
    assert cache.evictions > cache.entries > 0, cache
    assert cache.bytes <= max_bytes
    print(*marks)
"""

MEBIBYTE = 1 << 20


def growth_of(tmp_path, shape, count, max_bytes):
    """By how many bytes a process grows with so many distinct tokens: of the first half, and of all."""
    program = tmp_path / "memory.py"
    program.write_text(MEMORY)
    done = subprocess.run(
        [sys.executable, program, shape, str(count), str(max_bytes)],
        check=False,
        capture_output=True,
        text=True,
        timeout=1000,
    )
    assert done.returncode == 0, done.stderr
    half, all_ = map(int, done.stdout.split())
    return half, all_


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("shape", "count"),
    [
        pytest.param("plain", 30_000, id="plain"),
        pytest.param("rich", 20_000, id="rich"),
        pytest.param("short_texts", 1000, id="short_texts"),
        pytest.param("long_names", 1500, id="long_names"),
        pytest.param("small_dicts", 1000, id="small_dicts"),
        pytest.param("numbers", 1500, id="numbers"),
        pytest.param("unicode", 2500, id="unicode"),
        pytest.param("same_texts", 1500, id="same_texts"),
        pytest.param("one_text_twice", 3000, id="one_text_twice"),
        pytest.param("shared_then_alone", 7000, id="shared_then_alone"),
    ],
)
def test_given_more_distinct_tokens_than_fit__when_verified__then_the_process_grows_by_max_bytes_and_no_more(
    tmp_path, shape, count
):
    limit = 8 * MEBIBYTE

    half, all_ = growth_of(tmp_path, shape, count, limit)

    assert all_ < limit + MEBIBYTE
    assert all_ - half < MEBIBYTE, "it goes on growing"


@pytest.mark.skipif("AUTHJWKS_SOAK" not in os.environ, reason="takes minutes; AUTHJWKS_SOAK=1 runs it")
@pytest.mark.timeout(1200)
def test_given_a_million_distinct_tokens__when_verified__then_the_process_grows_by_max_bytes_and_no_more(tmp_path):
    limit = 16 * MEBIBYTE

    half, all_ = growth_of(tmp_path, "rich", 1_000_000, limit)

    assert all_ < limit + MEBIBYTE
    assert all_ - half < MEBIBYTE


def test_given_ten_thousand_hits__when_their_claims_are_dropped__then_nothing_leaks(own_issuer, fixed):
    token = remembered(fixed, own_issuer.mint({"deep": [{"a": ["b" * 100, 2**60, 0.5, [], {}]}]}, alg="ES256"))
    text = fixed.verify(token)["deep"][0]["a"][0]
    references = sys.getrefcount(text)
    tracemalloc.start()
    try:
        for _ in range(1000):
            fixed.verify(token)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(10_000):
            fixed.verify(token)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert after - before < 5000
    assert sys.getrefcount(text) == references


def test_given_a_verifier_that_ends__when_tokens_were_remembered__then_their_claims_end_with_it(own_issuer):
    verifier = fixed_of(own_issuer)
    claims = verifier.verify(own_issuer.mint({"marker": "m" * 100}, alg="ES256"))
    marker = claims["marker"]
    end = weakref.ref(verifier)
    held = sys.getrefcount(marker)

    del verifier
    gc.collect()

    assert end() is None
    assert sys.getrefcount(marker) == held - 1


def test_given_tokens_remembered__when_garbage_is_collected__then_nothing_of_theirs_is_walked(own_issuer, fixed):
    tokens = [own_issuer.mint({"deep": {"a": [[number], {"b": [number]}]}}, alg="ES256") for number in range(50)]
    fixed.verify(tokens[0])
    gc.collect()
    before = len(gc.get_objects())

    for token in tokens:
        fixed.verify(token)
    gc.collect()

    assert cache_of(fixed).entries == 50
    assert len(gc.get_objects()) - before < 10


@pytest.mark.parametrize("is_remembered", [False, True], ids=["first", "again"])
def test_given_claims__when_their_owner_ties_them_into_a_cycle__then_it_is_collected(own_issuer, fixed, is_remembered):
    class Marker:
        pass

    for claims in ({}, {"deep": {"a": [1]}}):
        token = own_issuer.mint(claims, alg="ES256")
        if is_remembered:
            remembered(fixed, token)
        tied = fixed.verify(token)
        tied["self"], tied["marker"] = [tied], Marker()
        marker = weakref.ref(tied["marker"])

        del tied
        gc.collect()

        assert marker() is None


def test_given_tokens_pushed_out__when_others_come__then_their_claims_are_freed(own_issuer):
    verifier = fixed_of(own_issuer, token_cache=TokenCacheOptions(max_entries=1))
    marker = verifier.verify(own_issuer.mint({"marker": "m" * 100}, alg="ES256"))["marker"]
    held = sys.getrefcount(marker)

    verifier.verify(own_issuer.mint(alg="ES256"))

    assert sys.getrefcount(marker) == held - 1


def test_given_code_that_verifies_while_garbage_is_collected__when_tokens_are_verified__then_all_is_in_order(
    own_issuer,
):
    verifier = fixed_of(own_issuer, token_cache=TokenCacheOptions(max_entries=8))
    tokens = [own_issuer.mint({f"c{number}": {f"d{number}": [number]}}, alg="ES256") for number in range(40)]
    expected = [verifier.verify(token) for token in tokens]
    turn = iter(range(10**9))
    wrong = []

    class Garbage:
        def __init__(self):
            self.myself = self

        def __del__(self):
            number = next(turn) % 40
            if verifier.verify(tokens[number]) != expected[number]:
                wrong.append(number)

    thresholds = gc.get_threshold()
    gc.set_threshold(1)
    try:
        kept = []
        for number in range(2000):
            Garbage()
            kept.append(verifier.verify(tokens[number % 40]))  # so that no free dict is at hand
            if kept[-1] != expected[number % 40]:
                wrong.append(number)
    finally:
        gc.set_threshold(*thresholds)

    assert not wrong
    assert next(turn) > 100, "the collector never ran"


# Threads and processes


def test_given_threads_with_good_and_bad_tokens__when_keys_rotate_meanwhile__then_every_verdict_is_right(own_issuer):
    verifier = found_of(own_issuer, token_cache=TokenCacheOptions(max_entries=150))
    tokens = {}
    for number in range(200):
        alg = ["ES256", "EdDSA", "RS256", "ES384"][number % 4]
        good = own_issuer.mint({"list": [number], "dict": {"n": [number]}}, alg=alg, sub=str(number))
        tokens[good] = str(number)
        if number % 5 == 0:
            tokens[tampered(good)] = "bad_signature"
    verifier.prefetch()
    everything = list(tokens.items())
    done = threading.Event()
    wrong = []

    def ask(seed):
        rng = random.Random(seed)
        count = 0
        while not done.is_set() or count < 300:
            token, expected = rng.choice(everything)
            count += 1
            try:
                claims = verifier.verify(token)
            except AuthError as refused:
                if refused.code != expected:
                    wrong.append((refused.code, expected))
                continue
            number = int(claims["sub"])
            if (str(number), claims["list"], claims["dict"]) != (expected, [number], {"n": [number]}):
                wrong.append((claims, expected))
            claims["list"].append("mine")
            claims["dict"]["n"].append("mine")
            claims.clear()
        return count

    with ThreadPoolExecutor(8) as threads:
        running = [threads.submit(ask, seed) for seed in range(8)]
        for _ in range(10):
            own_issuer.rotate("Ed448")  # another set each time, with the same keys for these tokens
            verifier.refresh()
            time.sleep(0.05)
        done.set()
        assert sum(each.result() for each in running) >= 8 * 300

    assert wrong == []
    cache = cache_of(verifier)
    assert cache.hits > 0
    assert cache.entries <= 150


def test_given_threads_with_a_remembered_token__when_its_key_is_withdrawn__then_none_accepts_it_afterwards(
    own_issuer, found
):
    token = remembered(found, own_issuer.mint(alg="ES256"))
    withdrawn, done = threading.Event(), threading.Event()
    late = []

    def ask():
        while not done.is_set():
            is_late = withdrawn.is_set()
            if verdict(found, token) == GOOD and is_late:
                late.append(1)

    with ThreadPoolExecutor(8) as threads:
        running = [threads.submit(ask) for _ in range(8)]
        own_issuer.rotate("ES256", keep=False)
        found.refresh()
        withdrawn.set()
        time.sleep(0.3)
        done.set()
        for each in running:
            each.result()

    assert not late


FORK = """
import os, sys
from authjwks import AuthError, Verifier
from authjwks.testing import Issuer, tampered

with Issuer() as issuer:
    verifier = Verifier(issuer.issuer, issuer.audience, jwks=issuer.jwks())
    tokens = [issuer.mint({"n": [number]}, alg="ES256") for number in range(50)]
    for token in tokens:
        verifier.verify(token)
    before = verifier.health().token_cache
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                for number, token in enumerate(tokens):
                    claims = verifier.verify(token)
                    assert claims["n"] == [number]
                    claims["n"].append(1)
                    try:
                        verifier.verify(tampered(token))
                        raise SystemExit(3)
                    except AuthError:
                        pass
                assert verifier.health().token_cache.hits == before.hits + 50
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert all(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 for child in children)
    assert verifier.health().token_cache == before
    assert [verifier.verify(token)["n"] for token in tokens] == [[number] for number in range(50)]
"""


def test_given_remembered_tokens__when_the_process_forks__then_each_child_has_its_own(tmp_path):
    program = tmp_path / "fork.py"
    program.write_text(textwrap.dedent(FORK))

    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", program],
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )

    assert done.returncode == 0, done.stderr


# On event loops and behind frameworks


def test_given_tasks__when_a_remembered_token_comes__then_each_gets_claims_of_its_own(own_issuer, found):
    token = own_issuer.mint({"roles": ["a"]}, alg="ES256")

    async def ask():
        answers = await asyncio.gather(*(found.verify_async(token) for _ in range(20)))
        for claims in answers:
            assert claims["roles"] == ["a"]
            claims["roles"].append("admin")
        return await found.verify_async(token)

    assert asyncio.run(ask())["roles"] == ["a"]
    assert cache_of(found).hits > 0
    assert asyncio.run(verdict_async(found, tampered(token))) == "bad_signature"


def test_given_a_guarded_flask_view__when_a_view_changes_its_principal__then_the_next_request_is_as_before(
    own_issuer, fixed
):
    app = Flask(__name__)
    auth = AuthExtension(fixed, app=app)

    @app.get("/roles")
    @auth.require()
    def roles():
        before = list(g.principal.claims["roles"])
        g.principal.claims["roles"].append("admin")
        g.jwt["sub"] = "someone else"
        return before

    header = {"Authorization": f"Bearer {own_issuer.mint(roles=['reader'])}"}
    answers = [app.test_client().get("/roles", headers=header).json for _ in range(3)]

    assert answers == [["reader"]] * 3
    assert cache_of(fixed).hits == 2
    forged = {"Authorization": header["Authorization"][:-6] + "AAAAAA"}
    assert app.test_client().get("/roles", headers=forged).status_code == 401


def test_given_a_guarded_fastapi_route__when_rights_are_asked__then_remembered_tokens_have_no_more_of_them(
    own_issuer, fixed
):
    app = FastAPI()
    auth = FastApiAuth(fixed)

    @app.get("/roles")
    def roles(claims: Annotated[dict[str, Any], Depends(auth.require(roles="reader"))]) -> list[str]:
        before = list(claims["roles"])
        claims["roles"].append("admin")
        return before

    @app.get("/admin", dependencies=[Depends(auth.require(roles="admin"))])
    def admin() -> None:
        pass

    header = {"Authorization": f"Bearer {own_issuer.mint(roles=['reader'])}"}
    with TestClient(app) as client:
        for _ in range(3):
            assert client.get("/roles", headers=header).json() == ["reader"]
            assert client.get("/admin", headers=header).status_code == 403
    assert cache_of(fixed).hits == 5
