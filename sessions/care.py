"""Formats, types, locks, and whether the benchmarks run."""

from __future__ import annotations

from pathlib import Path

import nox

from sessions.installing import answer, compiler_cache, install_authjwks

INTEGRATIONS = ("flask", "fastapi", "strawberry", "testing")


@nox.session
def lint(session: nox.Session) -> None:
    """Formats, names, sizes and types of everything that is written by hand."""
    install_authjwks(session, "test")
    session.install("-r", "requirements/lint.txt")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("shellcheck", "dev", ".ci/run", "tests/free_threading/build_python.sh")
    session.run("mypy", "python/authjwks", "tests", "benchmarks", "sessions", "noxfile.py")
    session.run("pytest", "-q", "tests/test_stubs.py")
    folders = ("cpp", "tests/cpp", "tests/fuzz")
    sources = [str(path) for folder in folders for path in sorted(Path(folder).rglob("*.[ch]pp"))]
    session.run("clang-format", "--dry-run", "-Werror", *sources)
    session.run("lizard", "-l", "cpp", "-L", "40", "-w", "cpp")
    pybind11 = answer(session, "import pybind11; print(pybind11.get_cmake_dir())")
    python = answer(session, "import sys; print(sys.executable)")
    configure = ["-G", "Ninja", f"-Dpybind11_DIR={pybind11}", f"-DPython_EXECUTABLE={python}"]
    # gcc's own warning options mean nothing to clang, which reads the same command lines here.
    tidy = ["run-clang-tidy.py", "-quiet", "-extra-arg=-Wno-unknown-warning-option"]
    session.run("cmake", "-S", ".", "-B", "build/lint", *configure, silent=True, external=True)
    session.run(*tidy, "-p", "build/lint")
    with_aws_lc = ["-B", "build/lint-aws-lc", "-DAUTHJWKS_PYTHON=OFF", "-DAUTHJWKS_CRYPTO=aws-lc", *configure]
    session.run("cmake", "-S", ".", *with_aws_lc, silent=True, external=True, env=compiler_cache())
    session.run(*tidy, "-p", "build/lint-aws-lc", "crypto/aws_lc")


@nox.session(name="bench-smoke", python="3.12")
def bench_smoke(session: nox.Session) -> None:
    """Every benchmark runs and every contestant tells good tokens from bad ones; its figures mean nothing."""
    install_authjwks(session, "build")
    session.run("python", "-m", "benchmarks", "--quick")


@nox.session
def lock(session: nox.Session) -> None:
    """Write requirements/*.txt anew: what each group of pyproject.toml resolves to today."""
    session.install("uv")
    resolve = ["uv", "pip", "compile", "--quiet", "--upgrade", "--universal", "--python-version=3.10"]
    demo = ["pyproject.toml", "--extra=demo"]
    for name, source in {
        "build": ["--group=build"],
        "test": [*demo, "--group=test"],
        "floors": [*demo, "--group=floors", "--resolution=lowest-direct"],
        "lint": ["--group=lint"],
        "differential": ["--group=differential"],
        "free-threaded": ["pyproject.toml", *map("--extra={}".format, INTEGRATIONS), "--group=free-threaded"],
        "node": ["--group=node"],
        "nox": ["--group=nox"],
    }.items():
        output = ["--annotation-style=line", f"--output-file=requirements/{name}.txt"]
        session.run(*resolve, *source, *output, env={"UV_CUSTOM_COMPILE_COMMAND": "nox -s lock"})
