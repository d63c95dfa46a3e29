"""Holds the code to its layers: every include and import points down, and nothing outgrows what one can read."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CPP = ROOT / "cpp"
PACKAGE = ROOT / "python" / "authjwks"

CPP_FOLDERS = ("base", "crypto", "jose", "net", "keys", "engine", "bindings")
CPP_OUTSIDE = {"Python.h|pybind11/": "bindings", "curl/": "net", "openssl/": "crypto", "simdjson": "base"}
CPP_OWNERS = {"crypto/handles", "crypto/key", "crypto/library", "crypto/pem", "net/curl"}

# Lowest first. A name stands for authjwks/<name>.py or for all of authjwks/<name>/.
PYTHON_FLOORS = (
    {"_core", "_frozen"},
    {"fetch_failure"},
    {"errors"},
    {"_option_checks"},
    {"_listeners", "http_options", "options", "principal"},
    {"policy"},
    {"keys"},
    {"telemetry"},
    {"verifier"},
    {"request"},
    {"asgi", "challenge", "checks", "extractors", "rules", "wsgi"},
    {"authenticators", "requirement"},
    {"guard"},
    {"__init__"},
    {"fastapi", "flask", "strawberry"},
    {"testing"},
    {"cli"},
    {"__main__"},
)
OPTIONAL_PACKAGES = {
    "anyio": {"keys"},
    "cryptography": {"testing"},
    "fastapi": {"fastapi"},
    "gevent": {"keys"},
    "publicsuffixlist": {"keys"},
    "flask": {"flask"},
    "graphql": {"strawberry"},
    "pytest": {"testing"},
    "starlette": {"fastapi"},
    "strawberry": {"strawberry"},
    "uvicorn": set(),
    "werkzeug": {"flask"},
}
SLOW_STANDARD_MODULES = {"asyncio", "dataclasses", "importlib.metadata", "inspect", "logging", "re", "typing"}

MAX_LINES = {".cpp": 300, ".hpp": 120, ".py": 200}
MAX_FUNCTION_LINES = 40


def cpp_files() -> list[Path]:
    return sorted(path for path in CPP.rglob("*") if path.suffix in {".cpp", ".hpp"})


def folder_of(path: Path) -> str:
    return path.relative_to(CPP).parts[0]


def code_alone(source: str) -> str:
    """The source without comments, strings and includes."""
    return re.sub(r'//[^\n]*|#include[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', "", source, flags=re.DOTALL)


def own_includes(path: Path) -> list[Path]:
    return [CPP / name for name in re.findall(r'^#include "([^"]+)"', path.read_text(), re.MULTILINE)]


def unit(path: Path) -> str:
    """A header and its source are one unit: `jose/token`; so are its sources, where one of several is built."""
    parts = path.relative_to(CPP).with_suffix("").parts
    return f"{parts[0]}/{parts[-1]}"


def circle_in(arrows: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as circle:
        return list(circle.args[1])
    return []


def test_native_folders_are_the_layers():
    assert {path.name for path in CPP.iterdir()} == set(CPP_FOLDERS)


def test_native_includes_exist_and_point_down():
    wrong = [
        f"{path.relative_to(ROOT)} includes {included.relative_to(CPP)}"
        for path in cpp_files()
        for included in own_includes(path)
        if not included.is_file() or CPP_FOLDERS.index(folder_of(included)) > CPP_FOLDERS.index(folder_of(path))
    ]

    assert wrong == []


def test_native_includes_have_no_cycle():
    arrows: dict[str, set[str]] = {}
    for path in cpp_files():
        arrows.setdefault(unit(path), set()).update(unit(included) for included in own_includes(path))

    assert circle_in({name: used - {name} for name, used in arrows.items()}) == []


@pytest.mark.parametrize(("headers", "folder"), CPP_OUTSIDE.items())
def test_external_headers_are_included_by_one_folder_alone(headers, folder):
    includes = re.compile(rf"^#include [<\"]({headers})", re.MULTILINE)

    assert {folder_of(path) for path in cpp_files() if includes.search(path.read_text())} == {folder}


def test_simdjson_is_used_by_name_in_base_only():
    """Everything else reads JSON by the functions of base/json.hpp: `as`, `kind_of`, `member` and `text_of`."""
    names = r"\bsimdjson::|\bat_key\b|\bvalue_unsafe\b|\bget_(?:double|string|object|array|int64|uint64|bool)\b"
    own_way = re.compile(names + r"|\.is_(?:string|number|null|object|array|bool)\(\)")

    with_it = [path for path in cpp_files() if own_way.search(code_alone(path.read_text()))]

    assert {folder_of(path) for path in with_it} <= {"base"}


def test_manual_memory_is_found_only_where_c_objects_are_owned():
    manual = re.compile(r"\bnew\b|(?<!= )\bdelete\b|\b(?!tp_)\w*_free\s*\(|\bfree\s*\(")

    with_it = {unit(path) for path in cpp_files() if manual.search(code_alone(path.read_text()))}

    assert with_it <= CPP_OWNERS


def test_native_layers_link_only_lower_layers():
    layers = dict(re.findall(r"^authjwks_layer\((\w+)\s([^)]*)\)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE))
    links = {name: body.partition("USES")[2].split() for name, body in layers.items()}

    assert tuple(layers) == CPP_FOLDERS[:-1]
    for name, used in links.items():
        ours = {word.removeprefix("authjwks_") for word in used if word.startswith("authjwks_")}
        assert ours <= set(CPP_FOLDERS[: CPP_FOLDERS.index(name)]), name
    assert [name for name, used in links.items() if "${AUTHJWKS_CURL_LIBRARY}" in used] == ["net"]
    assert [name for name, used in links.items() if "${AUTHJWKS_CRYPTO_LIBRARY}" in used] == ["crypto"]
    assert "authjwks_jose" not in links["net"]


def python_files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    """The path below the package, dotted: `guard`, `testing.issuer`, `testing` for testing/__init__.py."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


def nodes_run_at_import(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node that runs when the module is imported: neither inside a function nor below `if TYPE_CHECKING`."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def imported_names(path: Path, nodes: Callable[[ast.Module], Iterator[ast.AST]] = ast.walk) -> set[str]:
    """Full dotted names of what a file imports; `from . import x` and `from .x import y` are made absolute."""
    package = ["authjwks", *path.relative_to(PACKAGE).parts[:-1]]
    names: set[str] = set()
    for node in nodes(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            names.update(f"{source}.{alias.name}" for alias in node.names)
    return names


def own_imports(path: Path) -> set[str]:
    """The modules of this package that a file imports, as `module_of` names them."""
    modules = {module_of(each) for each in python_files()} | {"_core"}
    found = set()
    for name in imported_names(path):
        head, _, rest = name.partition(".")
        if head == "authjwks":
            parts = rest.split(".")
            ours = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
            found.add(next((each for each in ours if each in modules), "__init__"))
    return found


def floor_of(module: str) -> int:
    top = module.partition(".")[0]
    floors = [floor for floor, names in enumerate(PYTHON_FLOORS) if top in names]
    assert floors, f"authjwks.{module} has no floor in PYTHON_FLOORS"
    return floors[0]


def lines_of(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def function_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring: a contract may be as long as it needs to be."""
    return lines_of(function) - (lines_of(function.body[0]) if ast.get_docstring(function) else 0)


def test_python_imports_point_down():
    wrong = [
        f"authjwks.{module} imports authjwks.{used}"
        for path in python_files()
        for module in [module_of(path)]
        for used in own_imports(path)
        if used.partition(".")[0] != module.partition(".")[0] and floor_of(used) >= floor_of(module)
    ]

    assert wrong == []


def test_python_imports_have_no_cycle():
    arrows = {module_of(path): own_imports(path) - {module_of(path)} for path in python_files()}

    assert circle_in(arrows) == []


def test_optional_packages_are_imported_at_the_top_by_their_module_alone():
    wrong = [
        f"authjwks.{module_of(path)} imports {name}"
        for path in python_files()
        for name in imported_names(path, nodes_run_at_import)
        for package in [name.partition(".")[0]]
        if package in OPTIONAL_PACKAGES
        and module_of(path).partition(".")[0] not in OPTIONAL_PACKAGES[package] | {"cli"}
    ]

    assert wrong == []


def test_import_works_without_optional_packages_and_loads_nothing_slow():
    program = f"""
import sys
before = set(sys.modules)
for name in {sorted(OPTIONAL_PACKAGES)!r}:
    sys.modules[name] = None
import authjwks
assert authjwks.Verifier and authjwks.ANY
imported = [name for name in sys.modules if name not in before and sys.modules[name] is not None]
import json
print(json.dumps(imported))
"""
    imported = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False)

    assert imported.returncode == 0, imported.stderr
    assert SLOW_STANDARD_MODULES & set(json.loads(imported.stdout)) == set()


def test_source_files_are_short_enough():
    lengths = {path: len(path.read_text().splitlines()) for path in [*cpp_files(), *python_files()]}

    assert {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > MAX_LINES[path.suffix]} == {}


def test_python_functions_are_short_enough():
    too_long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and function_lines(node) > MAX_FUNCTION_LINES
    ]

    assert too_long == []
