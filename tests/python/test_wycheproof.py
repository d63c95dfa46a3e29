"""Project Wycheproof's vectors: every signature of an algorithm that JWS has, over keys from JWK and from PEM."""

import json
from collections import Counter

import pytest

from authjwks import _core

# file, the `alg` it belongs to
ECDSA = {
    "ecdsa_secp256r1_sha256_p1363_test": "ES256",
    "ecdsa_secp384r1_sha384_p1363_test": "ES384",
    "ecdsa_secp521r1_sha512_p1363_test": "ES512",
}
RSA = {
    "rsa_signature_2048_sha256_test": "RS256",
    "rsa_signature_3072_sha256_test": "RS256",
    "rsa_signature_8192_sha256_test": "RS256",
    "rsa_signature_2048_sha384_test": "RS384",
    "rsa_signature_2048_sha512_test": "RS512",
    "rsa_signature_4096_sha512_test": "RS512",
}
PSS = {
    "rsa_pss_2048_sha256_mgf1_32_test": "PS256",
    "rsa_pss_2048_sha384_mgf1_48_test": "PS384",
    "rsa_pss_4096_sha384_mgf1_48_test": "PS384",
    "rsa_pss_4096_sha512_mgf1_64_test": "PS512",
}
# Valid for what they are, but not by RFC 7518 §3.5: a salt of another length, or MGF1 with another digest.
PSS_OF_OTHER_PARAMETERS = {
    "rsa_pss_2048_sha256_mgf1_0_test": "PS256",
    "rsa_pss_2048_sha256_mgf1sha1_20_test": "PS256",
}
EDDSA = {"ed25519_test": "EdDSA", "ed448_test": "Ed448"}


def groups_of(shared, name):
    return json.loads((shared / "attack" / "data" / "wycheproof" / f"{name}.json").read_text())["testGroups"]


def verdicts(source, alg, group):
    """What was said of each case, as (said by Wycheproof, said by us, number of the case)."""
    for case in group["tests"]:
        message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
        yield case["result"], _core.testing.verify_signature(source, alg, None, message, signature), case["tcId"]


def source_of(group, form):
    if form == "PEM":
        return _core.KeySource.fixed(group["publicKeyPem"])
    jwk = group.get("publicKeyJwk", group.get("keyJwk"))  # not every group gives its key as a JWK
    return jwk and _core.KeySource.fixed(json.dumps({"keys": [{k: v for k, v in jwk.items() if k != "kid"}]}))


@pytest.mark.parametrize("form", ["JWK", "PEM"])
@pytest.mark.parametrize(("name", "alg"), {**ECDSA, **RSA, **PSS, **EDDSA}.items())
def test_signature_is_accepted_if_and_only_if_it_is_valid(shared, name, alg, form):
    if alg not in _core.ALGORITHMS:
        pytest.skip(f"the cryptographic library of this build has no {alg}")
    accepted: Counter[bool] = Counter()
    wrong = []
    for group in groups_of(shared, name):
        source = source_of(group, form)
        for said, ours, number in verdicts(source, alg, group) if source else ():
            accepted[ours] += 1
            if said != "acceptable" and ours != (said == "valid"):
                wrong.append((number, said))

    assert wrong == []
    assert min(accepted[True], accepted[False]) > 5


@pytest.mark.parametrize(("name", "alg"), PSS_OF_OTHER_PARAMETERS.items())
def test_pss_signature_of_other_parameters_than_those_of_jws_is_refused(shared, name, alg):
    for group in groups_of(shared, name):
        valid_there = [ours for said, ours, _ in verdicts(source_of(group, "PEM"), alg, group) if said == "valid"]
        assert set(valid_there) == {False}


def test_key_on_a_curve_that_is_not_of_jws_is_refused(shared):
    for group in groups_of(shared, "ecdsa_secp256k1_sha256_p1363_test"):
        with pytest.raises(ValueError, match="no key in the set can check signatures"):
            source_of(group, "PEM")
