"""What is shown by real servers, by others' vectors and by comparison."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nox

from sessions.installing import ROOT, SHARED, install_authjwks, wheel


@nox.session
def attack(session: nox.Session) -> None:
    """The adversarial corpus: nothing of tier `must` may fail, and what else fails is explained in docs/security.md."""
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            session.error(f"the attack corpus is missing: no folder {SHARED}")
        session.log("the attack corpus is not beside this checkout; nothing was run")
        return
    install_authjwks(session, "test")
    verdicts = attacked(session, "openssl", {})
    folder = with_aws_lc(session)
    others = attacked(session, "aws-lc", {"PYTHONPATH": str(folder)})
    if differing := [name for name in verdicts if verdicts[name] != others.get(name, verdicts[name])]:
        session.error(f"judged otherwise with AWS-LC: {' '.join(differing)}")


def attacked(session: nox.Session, name: str, env: dict[str, str]) -> dict[str, str]:
    """What became of each case of the corpus; an error where one passed that may not."""
    report = Path(session.create_tmp()) / f"{name}.json"
    report.unlink(missing_ok=True)
    corpus = [str(SHARED / "attack" / "attack.py"), "tests/attack/adapter.py", "--part=public", f"--json={report}"]
    session.run("python", *corpus, success_codes=[0, 1], env=env)
    cases = json.loads(report.read_text())
    explained = (ROOT / "docs" / "security.md").read_text()
    failed = [case for case in cases if case["st"] == "FAIL"]
    if open_cases := [c["id"] for c in failed if c["tier"] == "must" or f"`{c['id']}`" not in explained]:
        session.error(f"failed without an explanation in docs/security.md: {' '.join(open_cases)}")
    return {case["id"]: case["st"] for case in cases}


def with_aws_lc(session: nox.Session) -> Path:
    """A folder to import from, which holds the package built with AWS-LC."""
    folder = Path(session.create_tmp()) / "with-aws-lc"
    session.install("--no-deps", "--upgrade", f"--target={folder}", str(wheel(session, "aws-lc")))
    return folder


@nox.session
def differential(session: nox.Session) -> None:
    """The same odd tokens and key sets for PyJWT, joserfc and us; prints where we disagree, by class.

    And 100,000 of them for the build with OpenSSL and the one with AWS-LC, which must not disagree.
    """
    install_authjwks(session, "differential")
    env = {"AUTHJWKS_WITH_AWS_LC": str(with_aws_lc(session))}
    session.run("pytest", "-o", "addopts=--import-mode=importlib -ra", "tests/differential", env=env)


@nox.session
def faults(session: nox.Session) -> None:
    """Every state of a verifier's keys against every way an issuer can fail, over real HTTPS."""
    install_authjwks(session, "test")
    session.run("pytest", "tests/faults")


@nox.session
def load(session: nox.Session) -> None:
    """Three minutes, or AUTHJWKS_LOAD_SECONDS, of traffic for two workers, whose issuer rotates and goes down."""
    install_authjwks(session, "test")
    session.run("pytest", "tests/load")


@nox.session
def keycloak(session: nox.Session) -> None:
    """Keycloak's own tokens, keys and roles; needs Java and Maven, which brings 176 MB the first time."""
    install_authjwks(session, "test")
    session.run("pytest", "tests/keycloak")


@nox.session(python="3.12")
def soak(session: nox.Session) -> None:
    """A million different tokens through one cache."""
    install_authjwks(session, "test")
    session.run("pytest", "tests/python/token_cache/test_memory.py", "-k", "million", env={"AUTHJWKS_SOAK": "1"})
