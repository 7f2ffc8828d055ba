"""The walls of the house that no linter knows."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
FOLDERS = ("api", "models", "services", "tests", "alembic", "benchmarks", "training")
LONGEST = 400
EDGES = ("api/work.py", "api/worker.py", "api/inlet.py")
SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|PRAGMA|WITH)\s")


def sources(*folders: str) -> list[Path]:
    """Every Python file in some folders."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def named(path: Path) -> str:
    """A file as it is spoken of."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """What a file says."""
    return ast.parse(path.read_text(encoding="utf-8"))


def nodes(path: Path) -> Iterator[ast.AST]:
    """Everything in a file."""
    return ast.walk(tree(path))


def calls(path: Path, *methods: str) -> bool:
    """Whether a file calls one of these on a session, as in `session.commit()`."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in methods
        and ast.unparse(node.func.value).endswith("session")
        for node in nodes(path)
    )


def test_there_is_something_to_look_at() -> None:
    assert len(sources("api")) > 20
    assert len(sources("services")) > 20
    assert len(sources("models")) > 15


def test_only_edges_end_a_transaction() -> None:
    ending = {
        named(path)
        for path in sources("api", "models", "services")
        if calls(path, "commit", "rollback", "begin")
    }

    assert {path for path in ending if path not in EDGES and "cli" not in path} == set()
    assert set(EDGES) <= ending


def test_the_pattern_finds_what_it_looks_for(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def deed(session):\n    session.add(1)\n    session.commit()\n")

    assert calls(bad, "commit")
    assert not calls(bad, "rollback")


def test_files_are_short() -> None:
    written = [path for path in sources(*FOLDERS) if path.parent.name != "versions"]
    lengths = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in written}

    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_alembic_is_no_package() -> None:
    assert list((ROOT / "alembic").rglob("__init__.py")) == []


@pytest.mark.parametrize("word", ["utils", "util", "helpers", "helper", "common", "core", "base"])
def test_no_file_is_named_after_nothing(word: str) -> None:
    found = {named(path) for path in sources(*FOLDERS) if word in (path.stem, path.parent.name)}

    assert found <= {"models/base.py"}  # what every table shares


def test_no_value_is_put_into_sql_as_text() -> None:
    mixed = [
        f"{named(path)}:{node.lineno}"
        for path in sources("api", "services")
        for node in nodes(path)
        if isinstance(node, ast.JoinedStr)
        and isinstance(node.values[0] if node.values else None, ast.Constant)
        and SQL.match(str(ast.literal_eval(node.values[0])))
    ]

    assert mixed == []


def test_models_do_not_postpone_their_annotations() -> None:
    postponed = [named(path) for path in sources("models") if "from __future__" in path.read_text()]

    assert postponed == []


def test_secrets_are_compared_in_constant_time() -> None:
    secret = re.compile(r"\b(secret|token|password|signature|digest|key_hash)\w*$")
    compared = [
        f"{named(path)}:{node.lineno}"
        for path in sources("api", "services")
        for node in nodes(path)
        if isinstance(node, ast.Compare)
        and isinstance(node.ops[0], ast.Eq | ast.NotEq)
        and isinstance(node.left, ast.Name)
        and secret.search(node.left.id)
        and not isinstance(node.comparators[0], ast.Constant)
    ]

    assert compared == []


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|pragma: no cover|type: ignore(?!\[)")
    left = [
        named(path)
        for path in sources(*FOLDERS)
        if path != Path(__file__) and later.search(path.read_text(encoding="utf-8"))
    ]

    assert left == []
