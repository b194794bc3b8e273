"""Who may import whom: the rooms of the house, and inside the orchestration room the order of its shelves."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import bundle

ROOT = Path(__file__).resolve().parent.parent

ROOMS = {
    "orchestration": set(),
    "workguide": {"orchestration"},
    "demo": {"workguide", "orchestration"},
    "config": {"demo", "workguide", "orchestration"},
    "bench": {"config", "demo", "workguide", "orchestration"},
    "chaos": {"bench", "config", "demo", "workguide", "orchestration"},
}
"""Each room, and the others that it may import from."""

SHELVES = (
    {"bulk", "clock", "conf", "failpoints", "states", "errors", "secrecy", "sealing", "expressions", "values", "flows", "editing"},
    {"models"},
    {"origin", "access", "assignment", "reach", "uploads", "dispatch", "effects", "outside", "runner", "callbacks"},
    {"drawing", "facts", "claiming", "moving", "engine", "operating"},
    {
        "jobs",
        "triggers",
        "references",
        "soundness",
        "golive",
        "builder",
        "flow_builder",
        "drafting",
        "portable",
        "debugging",
        "timeline",
        "invariants",
        "deletions",
    },
    {"admin", "checks", "management", "templatetags", "middleware", "urls", "apps", "migrations"},
)
"""Inside orchestration each shelf imports only from shelves above it, and from its own."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield name, ast.parse(path.read_text())


def own_imports(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The modules of our own that are imported somewhere in `tree`, with the statement."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from ((name, node) for name in names if name.split(".")[0] in ROOMS)


MODULES = list(modules())


def test_rooms_import_in_one_direction() -> None:
    wrong = [
        f"{name} imports {imported}"
        for name, tree in MODULES
        for imported, _ in own_imports(tree)
        if imported.split(".")[0] not in {name.split(".")[0], *ROOMS[name.split(".")[0]]}
    ]
    assert wrong == []


def test_inside_orchestration_imports_go_up_the_shelves() -> None:
    place = {module: number for number, shelf in enumerate(SHELVES) for module in shelf}
    wrong = [
        f"{name} imports {imported}"
        for name, tree in MODULES
        if name.startswith("orchestration.")
        for imported, node in own_imports(tree)
        if imported.startswith("orchestration.") and not _only_for_types(tree, node)
        if place[imported.split(".")[1]] > place[name.split(".")[1]]
    ]
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    names = {name for name, _ in MODULES}
    waits = {
        name: {part for imported, node in own_imports(tree) if not _only_for_types(tree, node) for part in _modules_of(imported, names)}
        - {name}
        for name, tree in MODULES
    }
    while free := [name for name, imported in waits.items() if not imported & waits.keys()]:
        for name in free:
            del waits[name]
    assert waits == {}


def test_no_own_import_hides_in_a_function() -> None:
    wrong = [
        f"{name}, line {node.lineno}: {imported}"  # type: ignore[attr-defined]
        for name, tree in MODULES
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for imported, node in own_imports(function)
    ]
    assert wrong == []


@pytest.mark.parametrize(("library", "module"), [("guardian", "orchestration.access"), ("django_rq", "orchestration.dispatch")])
def test_a_library_at_the_edge_is_named_in_one_module(library: str, module: str) -> None:
    naming = [
        name
        for name, tree in MODULES
        for node in ast.walk(tree)
        if (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == library for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == library)
    ]
    assert set(naming) == {module}


def test_a_status_is_assigned_in_two_places_only() -> None:
    assigning = {
        name
        for name, tree in MODULES
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        if any(isinstance(target, ast.Attribute) and target.attr == "status" for target in node.targets)
    }
    assert assigning == {"orchestration.models.versions", "orchestration.models.instances"}


def _modules_of(imported: str, names: set[str]) -> set[str]:
    """The module that a dotted import names: itself, or the one that the last part is a name of."""
    return {imported} & names or {imported.rpartition(".")[0]} & names


def _only_for_types(tree: ast.Module, node: ast.AST) -> bool:
    return any(
        node in ast.walk(block)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
    )


def test_the_style_and_the_script_of_the_pages_that_build_are_joined_afresh() -> None:
    """`make bundle` after one of their parts was changed."""
    for place, text in bundle.joined(ROOT).items():
        assert (ROOT / place).read_text() == text
