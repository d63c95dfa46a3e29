"""The Python tests, on every interpreter and with every version that is supported."""

from __future__ import annotations

import nox

from sessions.installing import ROOT, compiler_cache, install_authjwks

PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
MEASURED = "3.12"  # tracing doubles the time of a run, and finds the same lines on each
ON_AWS_LC = "3.11"
FRAMEWORKS = ["flask[async]", "fastapi", "strawberry-graphql"]


@nox.session(name="all", python=False)
def everything(session: nox.Session) -> None:
    """What `./dev test` does: system packages, sanitized C++ tests, all Python tests."""
    session.run("./dev", "test", external=True)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The public API and its integrations on one interpreter.

    One of these builds with AWS-LC, and one runs what waits as well, with its coverage.
    """
    install_authjwks(session, "test", "aws-lc" if session.python == ON_AWS_LC else "openssl")
    if session.python != MEASURED:
        session.run("pytest", "-m", "not slow", "tests/python")
        session.run("pytest", "tests/python/test_processes.py", "tests/python/test_gevent.py")
        return
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", "tests/python")
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session(python="3.10")
def floors(session: nox.Session) -> None:
    """The lowest versions that pyproject.toml declares; newer parts below them may call them outdated."""
    install_authjwks(session, "floors")
    session.run("pytest", "-W", "default", "-m", "not slow", "tests/python")


@nox.session(python="3.13")
def newest(session: nox.Session) -> None:
    """The frameworks as they are released today, whatever the lock says."""
    install_authjwks(session, "test")
    session.install("--upgrade", *FRAMEWORKS)
    session.run("pytest", "-m", "not slow", "tests/python")


@nox.session(name="free-threaded", python=False)
def free_threaded(session: nox.Session) -> None:
    """Threads without the GIL, on an interpreter that is built once, and the table of how their work scales."""
    build = ["sh", "tests/free_threading/build_python.sh", str(ROOT / "build" / "free-threaded")]
    program = str(session.run(*build, external=True, silent=True)).split()[-1]
    session.run(program, "-m", "venv", "build/venv-free-threaded", external=True)
    python = "build/venv-free-threaded/bin/python"
    install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    session.run(*install, "-r", "requirements/free-threaded.txt", external=True)
    settings = ["--config-settings=cmake.define.AUTHJWKS_WERROR=ON", "--config-settings=build-dir=build/{wheel_tag}"]
    from_source = [*install, "--no-deps", "--force-reinstall", "--no-build-isolation", *settings, "."]
    session.run(*from_source, external=True, env=compiler_cache())
    # What turns the GIL on when it is imported must not hide what goes wrong without it.
    pytest = [python, "-m", "pytest", "--ignore=tests/python/test_gevent.py"]
    fast = [*pytest, "-m", "not slow", "tests/python", "tests/free_threading"]
    session.run(*fast, external=True, env={"PYTHON_GIL": "0"})
    slow = [*pytest, "-m", "slow", "tests/python/token_cache", "tests/python/key_life"]
    session.run(*slow, external=True, env={"PYTHON_GIL": "0"})


@nox.session(name="asan-python", python="3.11")
def asan_python(session: nox.Session) -> None:
    """The extension module under AddressSanitizer: finalisers that verify, the token cache, issuers, the life of keys.

    On an interpreter whose collector still runs inside native code that makes dicts.
    """
    session.install("-r", "requirements/test.txt")
    settings = ["cmake.build-type=RelWithDebInfo", "install.strip=false", "build-dir=build/asan-{wheel_tag}"]
    settings.append("cmake.define.AUTHJWKS_SANITIZE=address,undefined")
    options = ["--no-deps", "--force-reinstall", "--no-build-isolation"]
    session.install(*options, *(f"--config-settings={each}" for each in settings), ".", env=compiler_cache())
    names = ("libasan.so", "libubsan.so", "libstdc++.so")
    libraries = [
        str(session.run("c++", f"-print-file-name={name}", external=True, silent=True)).strip() for name in names
    ]
    # Leaks of Python itself are not ours to find; its allocator would hide what is used after it is freed.
    env = {
        "LD_PRELOAD": " ".join(libraries),
        "ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1",
        "PYTHONMALLOC": "malloc",
    }
    tests = ("test_finalisers.py", "token_cache", "test_verifier.py", "test_many_issuers.py", "key_life")
    files = [f"tests/python/{name}" for name in tests]
    # The sanitizer's memory counts as the process's, so that its size says nothing; its report goes to descriptor 2.
    session.run("python", "-m", "pytest", "--capture=sys", "-k", "not grows_by_max_bytes", *files, env=env)
