"""`python -m authjwks`: the demo shows what real servers answered, and its exit code whether that was right."""

from __future__ import annotations

import re
import subprocess
import sys

import flask
import pytest

import authjwks
from authjwks.cli import demo, main

pytestmark = pytest.mark.slow

APPS = ("Flask", "FastAPI", "FastAPI WebSocket", "Strawberry")
REFUSALS = {
    "none": ("401", "missing_token", "Bearer"),
    "expired": ("401", "expired", 'Bearer error="invalid_token"'),
    "tampered with": ("401", "bad_signature", 'Bearer error="invalid_token"'),
    "forged, known key id": ("401", "bad_signature", 'Bearer error="invalid_token"'),
    "for another audience": ("401", "wrong_audience", 'Bearer error="invalid_token"'),
    "without the role": ("403", "forbidden", 'Bearer error="insufficient_scope"'),
}


KEY_LIFE = [
    ("the issuer is down", "good, never seen before", "200", "ada", "yes"),
    ("the issuer is down", "of an unknown key", "503", "keys_unavailable", "yes"),
    ("the issuer rotates its key", "of the new key", "200", "ada", "yes"),
    ("the issuer rotates its key", "of the key before", "200", "ada", "yes"),
    (
        "the old key is withdrawn",
        "of the withdrawn key",
        "401",
        "unknown_key",
        'Bearer error="invalid_token"',
        "yes",
    ),
    ("the old key is withdrawn", "of the new key", "200", "ada", "yes"),
]


def run(*arguments):
    """The command line in a process of its own; hanging threads or sockets left open would show here."""
    command = [sys.executable, "-W", "default::ResourceWarning", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)


def rows_of(table):
    """The table's rows as {(app, token): (status, code or caller, challenge..., verdict)}."""
    cells = [re.split(r" {2,}", line) for line in table.splitlines()]
    return {(row[0], row[1]): tuple(row[2:]) for row in cells if row[0] in APPS}


def key_life_in(output):
    """The rows of the second table."""
    _, _, table = output.partition("WHAT HAPPENS")
    return [tuple(re.split(r" {2,}", line)) for line in table.splitlines() if line.endswith("  yes")]


def test_demo_gets_the_expected_answer_from_every_app_and_ends():
    ended = run("-m", "authjwks", "demo")

    expected = {(app, token): (*answer, "yes") for app in APPS for token, answer in REFUSALS.items()}
    welcome = {(app, "good"): ("101" if "WebSocket" in app else "200", "ada", "yes") for app in APPS}
    assert (ended.returncode, ended.stderr) == (0, "")
    assert rows_of(ended.stdout) == expected | welcome
    assert re.search(r"Fetches of the issuer's keys so far: [1-5]\.", ended.stdout)
    assert key_life_in(ended.stdout) == KEY_LIFE
    assert re.search(r"34 of 34 answers as expected\. Fetches of the issuer's keys: [4-9]\.", ended.stdout)
    assert "\033" not in ended.stdout


def test_demo_fails_when_an_app_lets_anyone_in(monkeypatch, capsys):
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
def test_demo_names_the_extra_when_a_package_is_missing(package):
    program = f"import sys; sys.modules[{package!r}] = None; from authjwks.cli import main; sys.exit(main(['demo']))"

    ended = run("-c", program)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert re.fullmatch(r"The demo needs .*pip install 'authjwks\[demo\]'\n", ended.stderr)


def test_command_line_without_a_command_shows_help():
    ended = run("-m", "authjwks")

    assert ended.returncode == 0
    assert re.search(r"^ +demo +watch ", ended.stdout, re.MULTILINE)


def test_version_option_prints_the_version_of_the_package():
    assert run("-m", "authjwks", "--version").stdout == f"authjwks {authjwks.__version__}\n"


def test_unknown_command_is_refused_with_the_usage():
    ended = run("-m", "authjwks", "dance")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("usage: python -m authjwks")
