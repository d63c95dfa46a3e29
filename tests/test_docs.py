"""The pages keep their word: examples run and do what is said, links lead somewhere, commands exist.

A page's ```python blocks run in order and share their names, as for a reader who types them in; one marked
```python no-run must only compile. Behind an example, a comment that is not shown can say what it must do, with
`bearer(**claims)` for the headers of a caller whom the page's verifier trusts:

    <!-- check
    assert app.test_client().get("/posts", headers=bearer(permissions=["read:posts"])).status_code == 200
    -->
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import authjwks
from authjwks import _core
from authjwks.testing import Issuer

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(?P<language>\w*) *(?P<marker>[^\n]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
CHECK = re.compile(r"^<!-- check\n(?P<code>.*?)^-->$", re.MULTILINE | re.DOTALL)


class Part(NamedTuple):
    """A piece of a page that is Python."""

    code: str
    line: int
    runs: bool
    is_check: bool


def parts_of(page: Path) -> list[Part]:
    text = page.read_text()
    found = [match for match in FENCE.finditer(text) if match["language"] == "python"] + list(CHECK.finditer(text))
    return [
        Part(
            code=match["code"],
            line=text.count("\n", 0, match.start("code")),
            runs="no-run" not in match.groupdict().get("marker", ""),
            is_check=match.re is CHECK,
        )
        for match in sorted(found, key=re.Match.start)
    ]


@pytest.fixture
def page_module(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module a page's code runs in. A verifier made there for a public issuer gets keys that we hold."""
    module = ModuleType("page")
    make = authjwks.Verifier
    trusted: dict[str, Any] = {}

    def make_offline(issuer: Any, audience: Any, **options: Any) -> authjwks.Verifier:
        as_written = make(issuer, audience, **options)
        if not isinstance(issuer, str) or not issuer.startswith("https://"):
            return as_written
        trusted.update(iss=issuer, aud=audience)
        elsewhere = {"jwks_uri": None, "discovery_url": None}
        return make(issuer, audience, **{**options, **elsewhere, "jwks": keys.jwks()})

    def bearer(**claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {keys.mint({**trusted, **claims})}"}

    with Issuer() as keys:
        monkeypatch.setitem(sys.modules, "page", module)
        monkeypatch.setattr(authjwks, "Verifier", make_offline)
        module.__dict__["bearer"] = bearer
        yield module


@pytest.mark.parametrize("page", [page for page in PAGES if parts_of(page)], ids=lambda page: page.name)
def test_examples_of_each_page_run_and_their_checks_hold(page, page_module):
    for part in parts_of(page):
        program = compile("\n" * part.line + part.code, str(page), "exec")
        if part.runs:
            exec(program, page_module.__dict__)


def test_errors_page_has_every_code_and_sentence_of_the_core():
    page = (ROOT / "docs" / "errors.md").read_text()
    sentences = re.findall(r"^\| (\w+) \| `(\w+)` \| ([^|]+) \|$", page, re.MULTILINE)
    (classes,) = re.findall(r"^\| class \|.*?\n\n", page, re.MULTILINE | re.DOTALL)

    assert sentences[1:] == list(_core.ERRORS)
    assert {row[1] for row in _core.ERRORS} <= set(re.findall(r"`(\w+)`", classes))


@pytest.mark.parametrize("framework", ["flask", "fastapi", "strawberry"])
def test_readme_examples_of_each_framework_run_and_are_checked(framework):
    parts = parts_of(README)
    shown = [place for place, part in enumerate(parts) if f"from authjwks.{framework} import" in part.code]

    assert shown
    assert all(parts[place].runs and parts[place + 1].is_check for place in shown)


def test_readme_commands_exist_in_dev():
    blocks = [match["code"] for match in FENCE.finditer(README.read_text()) if match["language"] == "sh"]
    named = {line for line in "".join(blocks).splitlines() if line.startswith("./dev")}

    usage = subprocess.run([ROOT / "dev"], capture_output=True, text=True, check=False).stderr

    assert named == {"./dev demo", "./dev test"}
    assert [command for command in named if command not in usage] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_each_page_point_to_files_that_exist(page):
    targets = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", FENCE.sub("", page.read_text()))

    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_page_on_outages_has_every_reason_of_the_table():
    rows = ["| code | the document ... | what to do |", "|---|---|---|"]
    rows += [f"| `{code}` | {problem} | {advice} |" for code, problem, advice in _core.FETCH_FAULTS]

    written = re.search(
        "<!-- faults -->\n(.*?)<!-- end of faults -->", (ROOT / "docs" / "outages.md").read_text(), re.DOTALL
    )

    assert written is not None
    assert written[1].splitlines() == rows
