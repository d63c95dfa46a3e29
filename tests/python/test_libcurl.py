"""When libcurl is loaded, and what is said where there is none that serves."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.slow

BEGINNING = """
import json, sys
from pathlib import Path
from authjwks import ConfigError, HttpOptions, Verifier

issuer, audience, jwks, token = sys.argv[1:]
http = HttpOptions(allow_http=True)

def say_whether_it_is_loaded():
    print("libcurl" in Path("/proc/self/maps").read_text())
"""
FETCHED = {
    "issuer": "issuer",
    "jwks_uri": "issuer, jwks_uri=f'{issuer}/jwks'",
    "template": "'https://{tenant}.issuer.example'",
    "function": "lambda issuer: True",
}


def said_by(issuer, text, **environment):
    """The lines that a fresh process prints."""
    arguments = [issuer.issuer, issuer.audience, json.dumps(issuer.jwks()), issuer.mint()]
    command = [sys.executable, "-c", BEGINNING + textwrap.dedent(text), *arguments]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_fixed_keys_do_not_load_libcurl(issuer):
    text = """
    Verifier(issuer, audience, jwks=json.loads(jwks)).verify(token)
    say_whether_it_is_loaded()
    """

    assert said_by(issuer, text) == ["False"]


@pytest.mark.parametrize("given", FETCHED.values(), ids=FETCHED)
def test_keys_to_fetch_load_libcurl_when_the_verifier_is_made(issuer, given):
    text = f"""
    say_whether_it_is_loaded()
    Verifier({given}, audience=audience, http=http)
    say_whether_it_is_loaded()
    """

    assert said_by(issuer, text) == ["False", "True"]


@pytest.mark.parametrize("given", FETCHED.values(), ids=FETCHED)
def test_missing_libcurl_is_named_when_the_verifier_is_made(tmp_path, issuer, given):
    (tmp_path / "libcurl.so.4").write_text("no library")
    text = f"""
    try:
        Verifier({given}, audience=audience, http=http)
    except ConfigError as refused:
        print(refused)
    Verifier(issuer, audience, jwks=json.loads(jwks)).verify(token)
    """

    (refusal,) = said_by(issuer, text, LD_LIBRARY_PATH=str(tmp_path))

    assert "libcurl 7.85 or later" in refusal
    assert str(tmp_path / "libcurl.so.4") in refusal
