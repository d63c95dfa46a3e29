"""Claims from the cache are the token's own to the last type, and each caller's to change."""

import json
import random

import pytest
from tests.support.token_cache import cache_of, cached, from_cache
from tests.support.verdicts import GOOD, verdict

from authjwks.testing.keys import b64url, b64url_json

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
def test_claims_from_the_cache_have_the_same_values_and_types(own_issuer, fixed, kind):
    token = own_issuer.mint({"value": CLAIMS[kind]}, alg="ES256")

    first = fixed.verify(token)
    again = [from_cache(fixed, token) for _ in range(3)]

    assert repr(first["value"]) == repr(CLAIMS[kind])
    assert [repr(claims) for claims in again] == [repr(first)] * 3  # repr also tells 1 from 1.0 and True, and the order


def test_many_top_level_claims_from_the_cache_are_the_same(own_issuer, fixed):
    for count in (1, 20, 25, 26, 60, 200):
        token = own_issuer.mint({f"claim {number}": {"n": number} for number in range(count)}, alg="ES256")
        first = fixed.verify(token)
        assert repr(from_cache(fixed, token)) == repr(first)
        assert len(first) == 7 + count


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", str(2**64), str(-(2**63) - 1), "1" * 400, "NaN", "Infinity", "01"]
)
def test_number_out_of_range_is_refused_each_time_and_never_kept(own_issuer, fixed, number):
    payload = json.dumps({"iss": own_issuer.issuer, "aud": own_issuer.audience, "exp": 2**32, "x": "?"}).replace(
        '"?"', number
    )
    key = own_issuer.key("ES256")
    message = f"{b64url_json({'alg': 'ES256', 'kid': key.kid})}.{b64url(payload.encode())}"
    token = f"{message}.{b64url(key.sign(message.encode()))}"

    assert [verdict(fixed, token) for _ in range(2)] == ["malformed"] * 2
    assert cache_of(fixed).entries == 0


def test_tokens_of_different_shapes_never_mix_their_claims(own_issuer, fixed):
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


def test_claims_changed_at_any_depth_stay_intact_for_the_next_caller(own_issuer, fixed):
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


def test_answers_from_the_cache_share_no_container(own_issuer, fixed):
    token = cached(fixed, own_issuer.mint({"a": [[], {}, [{"b": [1]}]], "c": {"d": {"e": []}}}, alg="ES256"))

    def containers(value):
        if not isinstance(value, (dict, list)):
            return []
        items = value.values() if isinstance(value, dict) else value
        return [value, *(inner for item in items for inner in containers(item))]

    answers = [containers(fixed.verify(token)) for _ in range(3)]
    every = [each for answer in answers for each in answer]
    assert len(every) == 3 * 10
    assert len({id(each) for each in every}) == len(every)
