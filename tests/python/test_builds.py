"""What differs between builds: the cryptographic library, and the one algorithm that not every library has."""

import base64
import json
import re

import pytest
from tests.support.verifiers import verifier_of

import authjwks
from authjwks import ConfigError, InvalidToken, Verifier, _core
from authjwks.testing import ALGORITHMS

HAS_ED448 = "Ed448" in _core.ALGORITHMS


def test_versions_name_all_parts_of_the_build():
    versions = authjwks.versions()

    assert list(versions) == ["authjwks", "crypto", "libcurl", "simdjson", "algorithms"]
    assert versions["authjwks"] == authjwks.__version__
    assert re.fullmatch(r"(OpenSSL 3|AWS-LC \d+)\.\d+\.\d+", versions["crypto"])
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*, (OpenSSL/3|AWS-LC/\d+)\.\d+\.\d+", versions["libcurl"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", versions["simdjson"])
    assert versions["algorithms"].split() == list(_core.ALGORITHMS)


def test_aws_lc_alone_lacks_ed448():
    assert authjwks.versions()["crypto"].startswith("OpenSSL") == HAS_ED448


def test_token_of_an_algorithm_that_the_library_lacks_is_refused_as_unsupported(issuer):
    def part(members):
        return base64.urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()

    header, payload = part({"alg": "Ed448", "kid": "any"}), part({"iss": issuer.issuer})
    with pytest.raises(InvalidToken) as refused:
        verifier_of(issuer).verify(f"{header}.{payload}.{'A' * 152}")

    assert refused.value.code == ("unknown_key" if HAS_ED448 else "unsupported_alg")


@pytest.mark.skipif(HAS_ED448, reason="the cryptographic library of this build has every algorithm")
def test_allowing_an_algorithm_that_the_library_lacks_is_a_configuration_error(issuer):
    with pytest.raises(ConfigError, match=r"^algorithms names one that AWS-LC [\d.]+ lacks: Ed448$"):
        Verifier(issuer.issuer, issuer.audience, jwks=issuer.jwks(), algorithms=["Ed448"])
    assert "Ed448" not in ALGORITHMS
