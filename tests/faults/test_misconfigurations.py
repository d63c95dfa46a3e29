"""A service that is configured wrongly says which mistake it is and what to do about it; docs/outages.md shows how."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from tests.faults.misconfigurations import MISCONFIGURATIONS, Misconfiguration
from tests.faults.scene import Observed, Scene
from tests.servers.throwaway_ca import ThrowawayCa

PAGE = Path(__file__).resolve().parents[2] / "docs" / "outages.md"
CURL = re.compile(r"(?<=libcurl error )(\d+): [^,)]+")  # its own words differ from version to version
TABLE = re.compile(r"(?<=<!-- misconfigurations -->\n).*?(?=<!-- end of misconfigurations -->)", re.DOTALL)


@pytest.fixture(scope="session")
def observe(authority: ThrowawayCa, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Misconfiguration], Observed]:
    """What an operator sees of a mistake, which is made once in a run.

    But for one: a server that ends the connection after the handshake of TLS 1.3 may do so before its reason is read.
    """

    def look_once(case: Misconfiguration) -> Observed:
        with Scene(tmp_path_factory.mktemp("service"), authority) as scene:
            return scene.observe(*case.prepare(scene))

    @cache
    def look(case: Misconfiguration) -> Observed:
        seen = look_once(case)
        while seen.code == "unreachable" and "tls_client_certificate" in case.codes:
            seen = look_once(case)
        return seen

    return look


def has_words(line: str, words: str) -> bool:
    """Whether these words are in the line; what is part of a URL does not count."""
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", re.sub(r"https?://\S+", "", line)) is not None


@pytest.mark.parametrize("case", MISCONFIGURATIONS, ids=lambda case: case.prepare.__name__.strip("_"))
def test_misconfiguration_is_reported_by_its_code_and_a_remedy(case: Misconfiguration, observe):
    code, line = observe(case)

    assert code in case.codes
    assert code == "config_error" or code in line
    assert has_words(line.replace(code, ""), case.remedy)


def test_page_on_outages_shows_what_is_said_of_each_misconfiguration(observe):
    rows = ["| what is wrong | code | what the log says, or the `ConfigError` |", "|---|---|---|"]
    for case in MISCONFIGURATIONS:
        code, line = observe(case)
        said = CURL.sub(r"\1", line).replace("|", r"\|")
        rows.append(f"| {case.mistake} | `{code}` | {said} |")
    written, text = "\n".join(rows) + "\n", PAGE.read_text()

    if os.environ.get("AUTHJWKS_WRITE_DOCS") == "1":
        PAGE.write_text(TABLE.sub(lambda _: written, text))
    else:
        assert TABLE.findall(text) == [written]
