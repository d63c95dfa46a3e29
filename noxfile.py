"""Every check of the project as a session; `nox --list` shows them, `.ci/run` runs those that fit one machine."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests"]
nox.options.reuse_existing_virtualenvs = True

ROOT = Path(__file__).parent
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
MEASURED = "3.12"  # tracing doubles the time of a run, and finds the same lines on each
FRAMEWORKS = ["flask[async]", "fastapi", "strawberry-graphql"]
SHARED = Path(os.environ.get("AUTHJWKS_SHARED", ROOT.parent / "shared"))

built: dict[str, Path] = {}


def install_authjwks(session: nox.Session, requirements: str) -> None:
    """Install pinned requirements and a wheel that is built once an interpreter, with warnings as errors."""
    session.install("-r", f"requirements/{requirements}.txt")
    tag = answer(session, "import sys; print(sys.implementation.cache_tag)")
    if tag not in built:
        folder = ROOT / "build" / "wheels" / tag
        for old in folder.glob("*.whl"):
            old.unlink()
        strict = ["cmake.define.AUTHJWKS_WERROR=ON", "build-dir=build/strict-{wheel_tag}"]
        options = [f"--config-settings={setting}" for setting in strict]
        command = ["pip", "wheel", "-q", "--no-deps", "--no-build-isolation", f"--wheel-dir={folder}", *options, "."]
        cache = {"CMAKE_CXX_COMPILER_LAUNCHER": "ccache"} if shutil.which("ccache") else {}
        session.run("python", "-m", *command, env=cache)
        (built[tag],) = folder.glob("*.whl")
    session.install("--no-deps", "--force-reinstall", str(built[tag]))


def answer(session: nox.Session, program: str) -> str:
    """What a line of Python prints inside the session's environment."""
    return str(session.run("python", "-c", program, silent=True)).strip()


@nox.session(name="all", python=False)
def everything(session: nox.Session) -> None:
    """What `./dev test` does: system packages, sanitized C++ tests, all Python tests."""
    session.run("./dev", "test", external=True)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The public API and its integrations on one interpreter; on one of these with their coverage and what waits."""
    install_authjwks(session, "test")
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


@nox.session
def attack(session: nox.Session) -> None:
    """The adversarial corpus: nothing of tier `must` may fail, and what else fails is explained in docs/security.md."""
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            session.error(f"the attack corpus is missing: no folder {SHARED}")
        session.log("the attack corpus is not beside this checkout; nothing was run")
        return
    install_authjwks(session, "test")
    report = Path(session.create_tmp()) / "attack.json"
    report.unlink(missing_ok=True)
    corpus = [str(SHARED / "attack" / "attack.py"), "tests/attack/adapter.py", "--part=public", f"--json={report}"]
    session.run("python", *corpus, success_codes=[0, 1])
    failed = [case for case in json.loads(report.read_text()) if case["st"] == "FAIL"]
    explained = (ROOT / "docs" / "security.md").read_text()
    if open_cases := [c["id"] for c in failed if c["tier"] == "must" or f"`{c['id']}`" not in explained]:
        session.error(f"failed without an explanation in docs/security.md: {' '.join(open_cases)}")


@nox.session
def differential(session: nox.Session) -> None:
    """The same odd tokens and key sets for PyJWT, joserfc and us; prints where we disagree, by class."""
    install_authjwks(session, "differential")
    session.run("pytest", "-o", "addopts=--import-mode=importlib -ra", "tests/differential")


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


def build_core(session: nox.Session, folder: str, targets: list[str], *options: str) -> None:
    """Build C++ tests in a folder of their own; Debug unless the options say otherwise."""
    configure = ["-DCMAKE_BUILD_TYPE=Debug", "-DAUTHJWKS_PYTHON=OFF", "-DAUTHJWKS_TESTS=ON", *options]
    if shutil.which("ccache"):
        configure.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    session.run("cmake", "-S", ".", "-B", folder, "-G", "Ninja", *configure, silent=True)
    session.run("cmake", "--build", folder, "--target", *targets)


@nox.session(python=False)
def tsan(session: nox.Session) -> None:
    """The life of keys, and what uses it, under ThreadSanitizer: as it goes on, and as it starts beside forks.

    With libcurl linked, as no other session builds it.
    """
    targets = ["authjwks_net_tests", "authjwks_keys_tests", "authjwks_engine_tests", "authjwks_cold_start"]
    build_core(session, "build/tsan", targets, "-DAUTHJWKS_SANITIZE=thread", "-DAUTHJWKS_LINK_CURL=ON")
    # Its deadlock detector gives up on a thread that holds 64 locks, as a fork beside many sources does.
    churn = ["-R", "^(net|keys|engine)/", "-E", "Fork|ColdStart|OfEveryAlgorithm"]
    calm = {"TSAN_OPTIONS": "detect_deadlocks=0"}
    session.run("ctest", "--test-dir", "build/tsan", "--output-on-failure", *churn, env=calm)
    watchful = {"TSAN_OPTIONS": "detect_deadlocks=1:second_deadlock_stack=1:die_after_fork=0"}
    session.run("build/tsan/tests/cpp/authjwks_cold_start", external=True, env=watchful)
    # Once more without a sanitizer, for no child that is forked under one can do anything.
    build_core(session, "build/plain", ["authjwks_cold_start"], "-DCMAKE_BUILD_TYPE=Release")
    session.run("build/plain/tests/cpp/authjwks_cold_start", external=True)


@nox.session(name="asan-python", python="3.11")
def asan_python(session: nox.Session) -> None:
    """The extension module under AddressSanitizer: finalisers that verify, the token cache, issuers, the life of keys.

    On an interpreter whose collector still runs inside native code that makes dicts.
    """
    session.install("-r", "requirements/test.txt")
    settings = ["cmake.build-type=RelWithDebInfo", "install.strip=false", "build-dir=build/asan-{wheel_tag}"]
    settings.append("cmake.define.AUTHJWKS_SANITIZE=address,undefined")
    cache = {"CMAKE_CXX_COMPILER_LAUNCHER": "ccache"} if shutil.which("ccache") else {}
    options = ["--no-deps", "--force-reinstall", "--no-build-isolation"]
    session.install(*options, *(f"--config-settings={each}" for each in settings), ".", env=cache)
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


@nox.session(python=False)
def mutations(session: nox.Session) -> None:
    """A million bent tokens, or as many as AUTHJWKS_MUTATIONS says, under AddressSanitizer."""
    build_core(session, "build/asan", ["authjwks_engine_tests"], "-DAUTHJWKS_SANITIZE=address,undefined")
    tests = ["build/asan/tests/cpp/authjwks_engine_tests", "--gtest_filter=*OfEveryAlgorithm*"]
    env = {"AUTHJWKS_MUTATIONS": os.environ.get("AUTHJWKS_MUTATIONS", "1000000")}
    session.run(*tests, external=True, env=env)


@nox.session(python=False)
def fuzz(session: nox.Session) -> None:
    """Each fuzz target for a while (`-- [seconds] [target...]`), by libFuzzer under the sanitizers; needs clang."""
    names = ["clang++", *(f"clang++-{version}" for version in range(22, 13, -1))]
    compiler = next((name for name in names if shutil.which(name) and can_fuzz(session, name)), None)
    if compiler is None:
        session.error("no clang with libFuzzer is here; on Debian 12: apt-get install clang-14 libclang-rt-14-dev")
    seconds, targets = "60", session.posargs
    if targets and targets[0].isdigit():
        seconds, *targets = targets
    options = ["-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DAUTHJWKS_PYTHON=OFF", "-DAUTHJWKS_FUZZ=ON"]
    options.append(f"-DCMAKE_CXX_COMPILER={compiler}")
    if shutil.which("ccache"):
        options.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    session.run("cmake", "-S", ".", "-B", "build/fuzz", "-G", "Ninja", *options, silent=True)
    session.run("cmake", "--build", "build/fuzz")
    session.run(sys.executable, "tests/fuzz/run.py", "build/fuzz", seconds, *targets)


def can_fuzz(session: nox.Session, compiler: str) -> bool:
    """Whether a clang has libFuzzer, which Debian packages by itself."""
    folder = str(session.run(compiler, "-print-runtime-dir", silent=True, external=True)).strip()
    return any(Path(folder).glob("libclang_rt.fuzzer-*"))


@nox.session
def lint(session: nox.Session) -> None:
    """Formats, names, sizes and types of everything that is written by hand."""
    install_authjwks(session, "test")
    session.install("-r", "requirements/lint.txt")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("shellcheck", "dev", ".ci/run")
    session.run("mypy", "python/authjwks", "tests", "benchmarks", "noxfile.py")
    session.run("pytest", "-q", "tests/test_stubs.py")
    folders = ("cpp", "tests/cpp", "tests/fuzz")
    sources = [str(path) for folder in folders for path in sorted(Path(folder).rglob("*.[ch]pp"))]
    session.run("clang-format", "--dry-run", "-Werror", *sources)
    session.run("lizard", "-l", "cpp", "-L", "40", "-w", "cpp")
    pybind11 = answer(session, "import pybind11; print(pybind11.get_cmake_dir())")
    python = answer(session, "import sys; print(sys.executable)")
    configure = ["-B", "build/lint", "-G", "Ninja", f"-Dpybind11_DIR={pybind11}", f"-DPython_EXECUTABLE={python}"]
    session.run("cmake", "-S", ".", *configure, silent=True, external=True)
    # gcc's own warning options mean nothing to clang, which reads the same command lines here.
    session.run("run-clang-tidy.py", "-quiet", "-p", "build/lint", "-extra-arg=-Wno-unknown-warning-option")


@nox.session(python="3.12")
def soak(session: nox.Session) -> None:
    """A million different tokens through one cache."""
    install_authjwks(session, "test")
    session.run("pytest", "tests/python/token_cache/test_memory.py", "-k", "million", env={"AUTHJWKS_SOAK": "1"})


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
        "node": ["--group=node"],
        "nox": ["--group=nox"],
    }.items():
        output = ["--annotation-style=line", f"--output-file=requirements/{name}.txt"]
        session.run(*resolve, *source, *output, env={"UV_CUSTOM_COMPILE_COMMAND": "nox -s lock"})
