"""The build with OpenSSL and the one with AWS-LC: the same verdict, for the same reason, on every token and key set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.differential.cases import NOW, Case
from tests.differential.key_sets import key_set_cases
from tests.differential.tokens import token_cases

SEED = 20_261_126
FOLDER = "AUTHJWKS_WITH_AWS_LC"  # from which the build with AWS-LC is imported

pytestmark = [
    pytest.mark.timeout(1200),
    pytest.mark.skipif(FOLDER not in os.environ, reason=f"{FOLDER} does not name a build with AWS-LC"),
]


def without_ed448(key_set: str) -> str | None:
    """The set for both builds, of which AWS-LC's lacks Ed448. None where the curve is in a text that is no key set."""
    if '"Ed448"' not in key_set:
        return key_set
    try:
        keys = json.loads(key_set)["keys"]
        return json.dumps({"keys": [key for key in keys if key.get("crv") != "Ed448"]})
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def verdicts(cases: Iterable[tuple[str, str]], library: str, **env: str) -> list[str]:
    lines = "".join(f"{json.dumps(case)}\n" for case in cases)
    command = [sys.executable, "-m", "tests.differential.our_verdicts", str(NOW)]
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        command, input=lines, cwd=root, env=os.environ | env, capture_output=True, text=True, check=True
    )
    name, *said = ran.stdout.splitlines()
    assert name.startswith(library)
    return said


@pytest.mark.parametrize(
    ("make", "number", "most"), [(token_cases, 100_000, "bad_signature"), (key_set_cases, 8_000, "unknown_key")]
)
def test_both_builds_judge_mutated_tokens_and_key_sets_alike(make, number, most, capsys):
    cases: list[Case] = list(make(SEED, number))
    asked = [(keys, case.token) for case in cases if (keys := without_ed448(case.key_set)) is not None]

    by_openssl = verdicts(asked, "OpenSSL")
    by_aws_lc = verdicts(asked, "AWS-LC", PYTHONPATH=os.environ[FOLDER])

    counts = Counter(by_openssl)
    with capsys.disabled():
        print(f"\n{make.__name__}: {len(asked):,} cases: {dict(counts.most_common())}")
    assert len(by_openssl) == len(by_aws_lc) == len(asked) > 0.9 * number
    differing = [(*pair, *case) for *pair, case in zip(by_openssl, by_aws_lc, asked, strict=True) if pair[0] != pair[1]]
    assert differing == []
    assert counts["accepted"] > number / 50
    assert counts[most] > number / 50
