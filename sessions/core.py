"""The C++ tests, under the sanitizers and fuzzers."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox

from sessions.installing import build_core, compiler_cache

ON_AWS_LC = "-DAUTHJWKS_CRYPTO=aws-lc"
ABOUT_FORKS = ("authjwks_cold_start", "authjwks_forks_beside_checks")


@nox.session(name="aws-lc", python=False)
def aws_lc(session: nox.Session) -> None:
    """The C++ tests of all that stands on cryptography, built with AWS-LC, under AddressSanitizer and UBSan."""
    layers = ("crypto", "jose", "net", "engine")
    targets = [*(f"authjwks_{layer}_tests" for layer in layers), "fuzz_key_set_and_pem", "fuzz_compact_token"]
    build_core(session, "build/asan-aws-lc", targets, "-DAUTHJWKS_SANITIZE=address,undefined", ON_AWS_LC)
    chosen = ["-R", "^(crypto|jose|net|engine)/|^fuzz/(key_set_and_pem|compact_token)", "-E", "ColdStart|ForksBeside"]
    session.run(*ctest("asan-aws-lc"), *chosen)


@nox.session(python=False)
def tsan(session: nox.Session) -> None:
    """The life of keys, and what uses it, under ThreadSanitizer: as it goes on, and as it starts beside forks.

    With both cryptographic libraries. OpenSSL's has libcurl linked as well, as no other session builds it.
    """
    check_threads(session, "tsan", ("crypto", "net", "keys", "engine"), "-DAUTHJWKS_LINK_CURL=ON")
    check_threads(session, "tsan-aws-lc", ("crypto", "engine"), ON_AWS_LC)
    # Once more without a sanitizer, for no child that is forked under one can do anything.
    build_core(session, "build/plain", [*ABOUT_FORKS], "-DCMAKE_BUILD_TYPE=Release")
    build_core(session, "build/plain-aws-lc", ["authjwks_forks_beside_checks"], "-DCMAKE_BUILD_TYPE=Release", ON_AWS_LC)
    session.run("build/plain/tests/cpp/authjwks_cold_start", external=True)
    for folder in ("plain", "plain-aws-lc"):
        session.run(f"build/{folder}/tests/cpp/authjwks_forks_beside_checks", external=True)


def ctest(folder: str) -> list[str]:
    """The command that runs the tests which were built in a folder, as many at once as there are processors."""
    return ["ctest", "--test-dir", f"build/{folder}", "--output-on-failure", "-j", str(os.cpu_count())]


def check_threads(session: nox.Session, folder: str, layers: tuple[str, ...], *options: str) -> None:
    """Run the tests of some layers, and the programs that fork, under ThreadSanitizer."""
    targets = [*(f"authjwks_{layer}_tests" for layer in layers), *ABOUT_FORKS]
    build_core(session, f"build/{folder}", targets, "-DAUTHJWKS_SANITIZE=thread", *options)
    # Its deadlock detector gives up on a thread that holds 64 locks, as a fork beside many sources does.
    churn = ["-R", f"^({'|'.join(layers)})/", "-E", "Fork|ColdStart|OfEveryAlgorithm"]
    calm = {"TSAN_OPTIONS": "detect_deadlocks=0"}
    session.run(*ctest(folder), *churn, env=calm)
    watchful = {"TSAN_OPTIONS": "detect_deadlocks=1:second_deadlock_stack=1:die_after_fork=0"}
    for program in ABOUT_FORKS:
        session.run(f"build/{folder}/tests/cpp/{program}", external=True, env=watchful)


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
    options += [f"-D{name}={value}" for name, value in compiler_cache().items()]
    session.run("cmake", "-S", ".", "-B", "build/fuzz", "-G", "Ninja", *options, silent=True)
    session.run("cmake", "--build", "build/fuzz")
    session.run(sys.executable, "tests/fuzz/run.py", "build/fuzz", seconds, *targets)


def can_fuzz(session: nox.Session, compiler: str) -> bool:
    """Whether a clang has libFuzzer, which Debian packages by itself."""
    folder = str(session.run(compiler, "-print-runtime-dir", silent=True, external=True)).strip()
    return any(Path(folder).glob("libclang_rt.fuzzer-*"))
