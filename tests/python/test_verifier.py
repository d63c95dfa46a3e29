"""The public Verifier: its options, its verdicts, and the same verdict in threads and processes."""

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.support.verifiers import verifier_of

from authjwks import (
    ANY,
    ConfigError,
    ExpiredToken,
    HttpOptions,
    InvalidToken,
    KeysUnavailable,
    MissingToken,
    Verifier,
    _core,
)
from authjwks.testing.keys import b64url, b64url_json

ISSUER, AUDIENCE = "https://issuer.example", "https://api.example"


def pem_of(private):
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


PEM = pem_of(generate_private_key(SECP256R1()))
HTTP = HttpOptions(allow_http=True)


def verify(verifier, token):
    return verifier.verify(token)


def verify_async(verifier, token):
    return asyncio.run(verifier.verify_async(token))


EACH_WAY = pytest.mark.parametrize("way", [verify, verify_async])


@EACH_WAY
@pytest.mark.parametrize("alg", _core.ALGORITHMS)
def test_token_of_each_algorithm_gives_its_claims(way, issuer, verifier, alg):
    claims = way(verifier, issuer.mint(alg=alg, roles=["a"], nested={"list": [1, 2.5, None, True]}))

    assert (claims["iss"], claims["aud"], claims["roles"]) == (issuer.issuer, issuer.audience, ["a"])
    assert claims["nested"] == {"list": [1, 2.5, None, True]}


@EACH_WAY
def test_cold_verifier_in_an_outage_raises_keys_unavailable(way, issuer, cold_verifier):
    with issuer.outage(), pytest.raises(KeysUnavailable) as unavailable:
        way(cold_verifier, issuer.mint())

    assert unavailable.value.code == "keys_unavailable"
    assert unavailable.value.retry_after >= 1


@EACH_WAY
@pytest.mark.parametrize("token", [None, ""], ids=repr)
def test_no_token_is_a_missing_token(way, verifier, token):
    with pytest.raises(MissingToken):
        way(verifier, token)


@EACH_WAY
@pytest.mark.parametrize("token", ["a", "a.b", "..", "\ud800.b.c", "ä.b.c", "a\0.b.c"], ids=ascii)
def test_anything_that_is_no_token_is_malformed(way, verifier, token):
    with pytest.raises(InvalidToken) as refused:
        way(verifier, token)

    assert refused.value.code == "malformed"


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param(lambda issuer: {"jwks": issuer.jwks()}, id="dict"),
        pytest.param(lambda issuer: {"jwks": json.dumps(issuer.jwks())}, id="json"),
        pytest.param(lambda issuer: {"jwks": json.dumps(issuer.jwks()).encode()}, id="json_bytes"),
        pytest.param(lambda issuer: {"jwks_uri": issuer.jwks_uri}, id="jwks_uri"),
        pytest.param(
            lambda issuer: {"discovery_url": f"{issuer.issuer}/.well-known/oauth-authorization-server"},
            id="discovery_url",
        ),
        pytest.param(lambda issuer: {}, id="issuer_alone"),
    ],
)
def test_keys_are_found_at_every_place_that_an_option_names(issuer, keys):
    verifier = Verifier(issuer.issuer, issuer.audience, http=HTTP, **keys(issuer))

    assert verifier.verify(issuer.mint())["sub"] == "user-1"


@pytest.mark.parametrize("kind", [bytes, bytes.decode], ids=["bytes", "str"])
def test_pem_keys_accept_the_tokens_of_their_owner_alone(issuer, kind):
    token = issuer.mint(alg="ES256")
    owners, anothers = (
        Verifier(issuer.issuer, issuer.audience, jwks=kind(pem)) for pem in (pem_of(issuer.key("ES256").private), PEM)
    )

    assert owners.verify(token)["sub"] == "user-1"
    with pytest.raises(InvalidToken) as refused:
        anothers.verify(token)
    assert refused.value.code == "bad_signature"


@pytest.mark.parametrize(
    ("options", "minted", "code"),
    [
        pytest.param({"audience": ["https://a.example", AUDIENCE]}, {"aud": AUDIENCE}, None, id="one_of_audiences"),
        pytest.param({"audience": [AUDIENCE]}, {"aud": ["https://a.example", AUDIENCE]}, None, id="audience_in_list"),
        pytest.param({"audience": ANY}, {"aud": "https://a.example"}, None, id="any_audience"),
        pytest.param({"audience": ANY}, {"aud": None}, None, id="any_audience_none_in_token"),
        pytest.param({"issuer": ANY}, {"iss": "https://a.example"}, None, id="any_issuer"),
        pytest.param({}, {"headers": {"typ": None}}, None, id="without_type"),
        pytest.param({}, {"headers": {"typ": "JWT"}}, None, id="usual_type"),
        pytest.param({}, {"headers": {"typ": "application/at+jwt"}}, None, id="long_type"),
        pytest.param({}, {"headers": {"typ": "dpop+jwt"}}, "wrong_type", id="other_type"),
        pytest.param({"token_type": "at+jwt"}, {"headers": {"typ": "AT+JWT"}}, None, id="type_in_other_case"),
        pytest.param({"token_type": "at+jwt"}, {"headers": {"typ": "JWT"}}, "wrong_type", id="type_demanded"),
        pytest.param({"token_type": "at+jwt"}, {"headers": {"typ": None}}, "wrong_type", id="type_missing"),
        pytest.param({"token_type": ANY}, {"headers": {"typ": "dpop+jwt"}}, None, id="any_type"),
        pytest.param({"algorithms": ["ES256"]}, {}, "unsupported_alg", id="algorithm_not_listed"),
        pytest.param({"algorithms": "RS256"}, {}, None, id="one_algorithm"),
        pytest.param({"leeway": 0}, {"lifetime": -1}, "expired", id="no_leeway"),
        pytest.param({"leeway": 300}, {"lifetime": -200}, None, id="leeway"),
        pytest.param({"required_claims": []}, {"exp": None}, None, id="no_claims_required"),
        pytest.param({"required_claims": frozenset()}, {"exp": None}, None, id="no_claims_required_by_a_set"),
        pytest.param({"required_claims": ["exp", "tenant"]}, {}, "claim_missing", id="other_claim_required"),
        pytest.param({"required_claims": "tenant"}, {"tenant": "a"}, None, id="one_claim_required"),
        pytest.param({"max_token_bytes": 100}, {}, "too_long", id="short_tokens_only"),
    ],
)
def test_options_decide_which_tokens_pass(issuer, options, minted, code):
    verifier = Verifier(**{"issuer": issuer.issuer, "audience": AUDIENCE, "jwks": issuer.jwks(), **options})
    token = issuer.mint(**{"aud": AUDIENCE, **minted})

    if code is None:
        assert verifier.verify(token)["sub"] == "user-1"
    else:
        with pytest.raises(InvalidToken) as refused:
            verifier.verify(token)
        assert refused.value.code == code


@pytest.mark.parametrize("value", [None, "", (), []], ids=repr)
@pytest.mark.parametrize("option", ["issuer", "audience"])
def test_missing_issuer_or_audience_is_a_config_error_that_mentions_any(option, value):
    given = {"issuer": ISSUER, "audience": AUDIENCE, option: value}

    for options in (given, {name: each for name, each in given.items() if name != option}):
        with pytest.raises(ConfigError, match=rf"{option} .*authjwks\.ANY"):
            Verifier(**options)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"issuer": []}, id="no_issuers"),
        pytest.param({"issuer": 5}, id="issuer_not_str"),
        pytest.param({"issuer": "   "}, id="issuer_blank"),
        pytest.param({"issuer": "issuer.example"}, id="issuer_without_scheme"),
        pytest.param({"issuer": "http://issuer.example"}, id="issuer_over_http"),
        pytest.param({"audience": {"a": 1}}, id="audience_as_dict"),
        pytest.param({"audience": [""]}, id="audience_empty"),
        pytest.param({"audience": ["a", None]}, id="audience_missing_in_list"),
        pytest.param({"algorithms": []}, id="no_algorithm"),
        pytest.param({"algorithms": ["none"]}, id="none"),
        pytest.param({"algorithms": ["RS256", "HS256"]}, id="hs256"),
        pytest.param({"leeway": -1}, id="leeway_below_zero"),
        pytest.param({"leeway": 301}, id="leeway_too_long"),
        pytest.param({"leeway": "30"}, id="leeway_not_a_number"),
        pytest.param({"required_claims": None}, id="required_claims_none"),
        pytest.param({"required_claims": ""}, id="required_claims_blank"),
        pytest.param({"required_claims": [""]}, id="required_claim_blank"),
        pytest.param({"required_claims": {}}, id="required_claims_as_dict"),
        pytest.param({"required_claims": b""}, id="required_claims_as_bytes"),
        pytest.param({"token_type": ""}, id="token_type_blank"),
        pytest.param({"token_type": ["JWT"]}, id="token_types"),
        pytest.param({"max_token_bytes": 0}, id="no_token_fits"),
        pytest.param({"max_token_bytes": 2**40}, id="every_token_fits"),
        pytest.param({"max_token_bytes": 2**70}, id="token_size_beyond_the_cores_numbers"),
        pytest.param({"max_token_bytes": True}, id="token_size_as_bool"),
        pytest.param({"max_token_bytes": -1}, id="token_size_below_zero"),
        pytest.param({"max_token_bytes": "100"}, id="token_size_as_text"),
        pytest.param({"max_token_bytes": 1.5}, id="token_size_not_int"),
        pytest.param({"jwks_uri": ""}, id="jwks_uri_blank"),
        pytest.param({"jwks_uri": "http://issuer.example/jwks"}, id="jwks_uri_over_http"),
        pytest.param({"jwks_uri": "file:///etc/passwd"}, id="jwks_uri_of_a_file"),
        pytest.param({"discovery_url": "ftp://issuer.example"}, id="discovery_url_over_ftp"),
        pytest.param({"discovery_url": 5}, id="discovery_url_not_str"),
        pytest.param({"jwks": {}}, id="jwks_without_keys"),
        pytest.param({"jwks": {"keys": []}}, id="jwks_of_no_key"),
        pytest.param({"jwks": "no key"}, id="jwks_no_json"),
        pytest.param({"jwks": b"\xff"}, id="jwks_not_utf_8"),
        pytest.param({"jwks": []}, id="jwks_as_list"),
        pytest.param({"jwks": {"keys": {1, 2}}}, id="jwks_not_json"),
        pytest.param({"jwks": PEM, "jwks_uri": "https://issuer.example/jwks"}, id="two_places"),
        pytest.param({"jwks_uri": "https://a.example", "discovery_url": "https://b.example"}, id="two_urls"),
        pytest.param({"issuer": ANY}, id="no_place"),
        pytest.param({"keys": {"ttl": 60}}, id="keys_as_dict"),
        pytest.param({"keys": None}, id="keys_none"),
        pytest.param({"http": {"timeout": 1}}, id="http_as_dict"),
    ],
)
def test_illegal_option_is_a_config_error(options):
    with pytest.raises(ConfigError):
        Verifier(**{"issuer": ISSUER, "audience": AUDIENCE, **options})


@pytest.mark.parametrize("given", ["a secret\ud800", "\udcff a secret"], ids=["half_a_pair", "undecodable_byte"])
@pytest.mark.parametrize(
    "option",
    ["issuer", "audience", "algorithms", "required_claims", "token_type", "jwks_uri", "jwks", "discovery_url"],
)
def test_option_that_is_not_unicode_is_named_without_its_value(option, given):
    with pytest.raises(ConfigError, match=option) as refused:
        Verifier(**{"issuer": ISSUER, "audience": AUDIENCE, option: given})

    assert "secret" not in str(refused.value)


def test_forked_child_of_a_verifier_that_has_waited_can_wait_too(issuer, cold_verifier):
    token = issuer.mint()
    asyncio.run(cold_verifier.verify_async(token))
    unknown = issuer.mint(headers={"kid": "never published"})

    child = os.fork()
    if child == 0:
        status = 1
        try:
            asyncio.run(cold_verifier.verify_async(token))
            asyncio.run(cold_verifier.verify_async(unknown))
        except InvalidToken as refused:
            status = 0 if refused.code == "unknown_key" else 2
        finally:
            os._exit(status)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_threads_get_the_verdict_of_their_own_token(issuer, verifier):
    good, expired = issuer.mint(), issuer.mint(lifetime=-3600)

    def verdict(number):
        try:
            return verifier.verify(expired if number % 2 else good)["sub"]
        except ExpiredToken as refused:
            return refused.code

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(verdict, range(400))) == ["user-1", "expired"] * 200


def test_claims_changed_by_one_caller_stay_intact_for_the_next(issuer, verifier):
    token = issuer.mint(roles=["a"])
    verifier.verify(token)["roles"].append("admin")

    assert verifier.verify(token)["roles"] == ["a"]


def test_any_is_shown_as_any():
    assert repr(ANY) == "ANY"


def test_repr_names_issuer_and_audience_and_no_secret(issuer):
    http = HttpOptions(headers={"X-Api-Key": "secret"}, allow_http=True)
    verifier = Verifier(issuer.issuer, ["a", "b"], http=http, jwks=issuer.jwks())

    assert repr(verifier) == f"Verifier(issuer={issuer.issuer!r}, audience=['a', 'b'])"


@pytest.mark.parametrize("token", [5, b"a.b.c", ["a.b.c"], True], ids=repr)
def test_token_that_is_no_str_is_a_type_error(verifier, token):
    with pytest.raises(TypeError, match="str"):
        verifier.verify(token)
    with pytest.raises(TypeError, match="str"):
        asyncio.run(verifier.verify_async(token))


def test_closed_verifier_without_keys_says_so(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.close()

    with pytest.raises(KeysUnavailable, match="closed"):
        verifier.verify(own_issuer.mint())
    with pytest.raises(KeysUnavailable, match="closed"):
        asyncio.run(verifier.verify_async(own_issuer.mint()))
    with pytest.raises(KeysUnavailable, match="closed"):
        verifier.prefetch()
    assert not own_issuer.fetches


def test_closed_verifier_with_keys_goes_on(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.prefetch()
    verifier.close()

    assert verifier.verify(own_issuer.mint())["sub"] == "user-1"


@pytest.mark.parametrize("leeway", [-1, 301, 1e9])
def test_leeway_out_of_bounds_names_the_true_ones(leeway):
    with pytest.raises(ConfigError, match=r"leeway must be a number of seconds from 0 to 300$"):
        Verifier("https://issuer.example", "api", leeway=leeway)


@pytest.mark.parametrize("number", ["1e400", "99999999999999999999"])
def test_number_beyond_64_bits_has_a_sentence_of_its_own(verifier, issuer, number):
    claims = '{"iss":"x","n":' + number + "}"
    header = {"alg": "RS256", "kid": issuer.key().kid}
    signed = f"{b64url_json(header)}.{b64url(claims.encode())}"
    token = f"{signed}.{b64url(issuer.key().sign(signed.encode()))}"

    with pytest.raises(InvalidToken, match="number") as refused:
        verifier.verify(token)
    assert refused.value.code == "malformed"
