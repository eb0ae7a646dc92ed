"""The plan of the package, held against the code: layers, who speaks HTTP, who touches the world."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import proxy

ROOT = Path(__file__).parent.parent / "proxy"

LAYERS = (
    {"__main__"},
    {"program"},
    {"commands"},
    {"serving"},
    {"live"},
    {"local"},
    {"middleware"},
    {"relay"},
    {"upstream", "downstream", "decision", "journal"},
    {"rules", "telemetry", "capture"},
    {"question", "synthesis", "logs"},
    {"exchange"},
    {"record"},
    {"replies", "scripted", "settings", "wire"},
    {"bodies", "filters", "headers", "ids", "machine", "names", "preload", "respond", "sse"},
)
"""From the top down: a module imports its own package, and what stands in a layer below; siblings do not meet."""

SPEAK_HTTP = {
    *("commands.demo", "downstream", "live.pages", "local.handlers", "middleware", "relay", "scripted"),
    "serving.app",
}
"""Who may import aiohttp."""

PURE = {
    *("bodies", "exchange", "filters", "headers", "names", "question", "record", "replies", "respond", "rules", "sse"),
    *("synthesis", "wire"),
    *("decision.breaker", "decision.drift", "decision.ratelimits", "decision.shadow", "downstream.access"),
    *("journal.rows", "journal.schema", "live.charts", "live.rows", "logs.repeats", "machine.addresses"),
    *("telemetry.bucket", "telemetry.counters"),
}
"""Who touches nothing outside of the process and its own arguments: no sockets, no files, no clock, no randomness."""

WORLDLY = {
    *("asyncio", "datetime", "io", "os", "pathlib", "random", "secrets", "socket", "subprocess", "time", "uuid"),
    *("aiohttp", "aiohttp_sse", "structlog"),
}
OF_FILES = {"rules.load"}
"""Within a pure package, the one that reads files."""


def _modules() -> dict[str, Path]:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = path
    return found


MODULES = _modules()


def _imported(module: str) -> Iterator[str]:
    """Whole names of everything that a module imports, at the top or inside a function."""
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole.removeprefix("proxy.") in MODULES else str(node.module)


def _own(module: str) -> set[str]:
    """The modules of the package that a module imports."""
    return {name.removeprefix("proxy.") for name in _imported(module) if name.startswith("proxy.")}


def _within(module: str, places: set[str]) -> bool:
    """Whether a module is one of these, or lies in one of them."""
    return any(module == place or module.startswith(f"{place}.") for place in places)


def test_a_module_imports_only_what_stands_below_it() -> None:
    floors = {place: floor for floor, layer in enumerate(reversed(LAYERS)) for place in layer}
    for module in MODULES.keys() - {"__init__"}:
        package = module.partition(".")[0]
        assert package in floors, f"{package} has no layer"
        for name in _own(module):
            below = name.partition(".")[0]
            assert below == package or floors[below] < floors[package], f"{module} imports {name}"


def test_modules_of_one_package_import_one_way() -> None:
    left = {module: _own(module) & MODULES.keys() for module in MODULES}
    while left:
        ready = {module for module, below in left.items() if not below & left.keys() - {module}}
        assert ready, f"a circle among {sorted(left)}"
        left = {module: below for module, below in left.items() if module not in ready}


def test_only_the_edges_speak_http() -> None:
    found = {module for module in MODULES if any(name.split(".")[0] == "aiohttp" for name in _imported(module))}
    assert {module for module in found if not _within(module, SPEAK_HTTP)} == set()
    assert {place for place in SPEAK_HTTP if not any(_within(module, {place}) for module in found)} == set()


def test_pure_modules_touch_nothing_outside() -> None:
    for module in MODULES:
        if _within(module, PURE) and module not in OF_FILES:
            touched = {name.split(".")[0] for name in _imported(module)} & WORLDLY
            assert not touched, f"{module} touches {touched}"


OF_LIBRARIES = {
    "commands.doctor.network": {"context.check_hostname", "context.verify_mode"},
    "downstream.inbound": {"exc.__traceback__"},
    "downstream.replies": {"request.writer.output_size"},
    "downstream.server": {"runner.server.request_handler"},
    "logs.observe": {"type(log).__bases__", "library.handlers", "library.propagate"},
    "rules.searches": {"options.log_errors"},
    "rules.templates": {"environment.tests"},
    "upstream.tls": {"context.sslobject_class", "context.wrap_bio"},
}
"""What is written of objects that are not the package's."""


def _written(source: str) -> set[str]:
    """Attributes of other objects than the method's that are assigned to."""
    return {
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store | ast.Del)
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    }


def test_only_its_methods_write_what_an_object_is() -> None:
    """Titles are left out: they mark the words of a sentence while they read it."""
    others = [module for module in MODULES if not _within(module, {"filters.titles"})]
    found = {module: _written(MODULES[module].read_text()) for module in others}
    assert {module: written for module, written in found.items() if written} == OF_LIBRARIES
    assert _written("exchange.status, self._exchange.error, self.body = 499, '', b''") == {
        "exchange.status",
        "self._exchange.error",
    }


def test_no_module_is_crowded() -> None:
    lines = {module: len(path.read_text().splitlines()) for module, path in MODULES.items()}
    assert {module: count for module, count in lines.items() if count > 300} == {}


def _is_constant(node: ast.expr) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.isupper()
        case ast.Call(func=ast.Attribute(value=owner)):
            return _is_constant(owner)
        case ast.BinOp(left=left, right=right):
            return _is_constant(left) and _is_constant(right)
        case ast.Set(elts=elements) | ast.Tuple(elts=elements):
            return all(isinstance(one, ast.Constant) or _is_constant(one) for one in elements)
        case ast.Starred(value=value):
            return _is_constant(value)
    return False


def _put_together(source: str) -> list[str]:
    """Sets of constants that are united or taken apart, or written out anew, whenever a function runs."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.Lambda)]
    nodes = [node for function in functions for node in ast.walk(function)]
    united = [node for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.Sub)]
    written = [node for node in nodes if isinstance(node, ast.Set) and ast.Starred in map(type, node.elts)]
    return [ast.unparse(node) for node in (*united, *written) if _is_constant(node)]


def test_no_filter_puts_sets_of_words_together_while_it_runs() -> None:
    """Some twenty unions, of up to some hundred words each, took a seventh of the time of a title."""
    filters = [module for module in MODULES if _within(module, {"filters"})]
    assert {module: found for module in filters if (found := _put_together(MODULES[module].read_text()))} == {}
    assert (
        len(_put_together("def f(x): x in MANY - {'a'} or x in {'', *known.SPELLED} or x in MORE.keys() | WORDS")) == 3
    )


_GROUP_POSSESSIVE = re.compile(r"\)(?:[*+?]|\{\d*,?\d*\})\+")


def test_no_pattern_repeats_a_group_possessively() -> None:
    """Before 3.11.5, Python takes such a pattern for another (gh-106052): atomic groups mean the same."""
    assert {module for module, path in MODULES.items() if _GROUP_POSSESSIVE.search(path.read_text())} == set()
    assert _GROUP_POSSESSIVE.search(r"(?:a|ab?c)++d")


def test_every_package_is_installed() -> None:
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())
    found = {".".join(path.parent.relative_to(ROOT.parent).parts) for path in ROOT.rglob("__init__.py")}
    assert set(project["tool"]["setuptools"]["packages"]) == found


def test_the_map_of_the_package_names_every_room() -> None:
    """`help(proxy)`."""
    named = set(re.findall(r"`([a-z_]+)[`/]", proxy.__doc__ or ""))
    assert {module.partition(".")[0] for module in MODULES} - {"__init__"} == named - {"help"}
