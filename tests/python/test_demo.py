"""`python -m authjwks`: the demo shows what real servers answered, and its exit code whether that was right."""

from __future__ import annotations

import re
import subprocess
import sys

import flask
import pytest

import authjwks
from authjwks.cli import demo, main

APPS = ("Flask", "FastAPI", "FastAPI WebSocket", "Strawberry")
REFUSALS = {
    "none": ("401", "missing_token", "Bearer"),
    "expired": ("401", "expired", 'Bearer error="invalid_token"'),
    "tampered with": ("401", "bad_signature", 'Bearer error="invalid_token"'),
    "forged, known key id": ("401", "bad_signature", 'Bearer error="invalid_token"'),
    "for another audience": ("401", "wrong_audience", 'Bearer error="invalid_token"'),
    "without the role": ("403", "forbidden", 'Bearer error="insufficient_scope"'),
}


def run(*arguments):
    """The command line in a process of its own; hanging threads or sockets left open would show here."""
    command = [sys.executable, "-W", "default::ResourceWarning", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)


def rows_of(table):
    """The table's rows as {(app, token): (status, code or caller, challenge..., verdict)}."""
    cells = [re.split(r" {2,}", line) for line in table.splitlines()]
    return {(row[0], row[1]): tuple(row[2:]) for row in cells if row[0] in APPS}


def test_given_the_demo__when_run__then_every_app_gives_every_caller_the_right_answer_and_it_ends():
    ended = run("-m", "authjwks", "demo")

    expected = {(app, token): (*answer, "yes") for app in APPS for token, answer in REFUSALS.items()}
    welcome = {(app, "good"): ("101" if "WebSocket" in app else "200", "ada", "yes") for app in APPS}
    assert (ended.returncode, ended.stderr) == (0, "")
    assert rows_of(ended.stdout) == expected | welcome
    assert "28 of 28 answers as expected. Fetches of the issuer's keys: 1." in ended.stdout
    assert "\033" not in ended.stdout


def test_given_an_app_that_lets_anyone_in__when_the_demo_runs__then_its_row_says_no_and_the_exit_code_is_1(
    monkeypatch, capsys
):
    def unguarded(_verifier):
        app = flask.Flask("unguarded")
        app.get("/posts")(lambda: {"user": "ada"})
        return app

    monkeypatch.setattr(demo, "flask_app", unguarded)

    assert main(["demo"]) == 1
    rows = rows_of(capsys.readouterr().out)
    assert rows["Flask", "none"] == ("200", "ada", "NO")
    assert rows["FastAPI", "none"] == ("401", "missing_token", "Bearer", "yes")


@pytest.mark.parametrize("package", ["cryptography", "fastapi", "flask", "strawberry", "uvicorn", "websockets"])
def test_given_a_missing_package__when_the_demo_is_run__then_one_line_names_the_extra(package):
    program = f"import sys; sys.modules[{package!r}] = None; from authjwks.cli import main; sys.exit(main(['demo']))"

    ended = run("-c", program)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert re.fullmatch(r"The demo needs .*pip install 'authjwks\[demo\]'\n", ended.stderr)


def test_given_no_command__when_run__then_help_names_the_demo():
    ended = run("-m", "authjwks")

    assert ended.returncode == 0
    assert re.search(r"^ +demo +watch ", ended.stdout, re.MULTILINE)


def test_given_version__when_asked__then_it_is_the_packages():
    assert run("-m", "authjwks", "--version").stdout == f"authjwks {authjwks.__version__}\n"


def test_given_an_unknown_command__when_run__then_it_is_refused_with_the_usage():
    ended = run("-m", "authjwks", "dance")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("usage: python -m authjwks")
