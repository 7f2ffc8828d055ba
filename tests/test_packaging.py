"""What is handed out: the wheel, what it needs, and that it works where nothing else is."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from models.migrations import head
from tests.databases import ON_SQLITE, database

pytestmark = pytest.mark.once


ROOT = Path(__file__).parent.parent
PACKAGES = ("api", "models", "services")
PINNED = sorted(path.name for path in (ROOT / "requirements").glob("*.txt"))
SECONDS = 90


def pip(*words: str | Path) -> None:
    """Run pip, which needs no network for what is asked of it here."""
    offline = ["--disable-pip-version-check", "--quiet", "--no-input"]
    command = [sys.executable, "-m", "pip", *offline, *words]
    subprocess.run(command, check=True, timeout=SECONDS)  # noqa: S603  # our own command


def lines(name: str) -> list[str]:
    """The lines of a file of pinned requirements."""
    return (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()


def pins(name: str) -> dict[str, Requirement]:
    """What a file of pinned requirements pins, by its name."""
    found = [
        Requirement(line.rstrip("\\")) for line in lines(name) if not line.startswith((" ", "#"))
    ]
    return {each.name: each for each in found}


def installed(name: str) -> list[str]:
    """What a package asks for as it is installed here; nothing where this machine needs it not."""
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []


def asked_for() -> list[Requirement]:
    """What pyproject.toml asks for at run time."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(each) for each in project["dependencies"]]


def files(folder: str) -> set[str]:
    """Every file of ours in a folder, but for what Python leaves there."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-index", "--no-deps", "--no-build-isolation", "-w", folder, ROOT)
    (found,) = folder.iterdir()
    return found


@pytest.fixture(scope="module")
def inside(wheel: Path) -> list[str]:
    """The names of the files in the wheel."""
    with ZipFile(wheel) as opened:
        return opened.namelist()


@pytest.fixture
def nomaybe(wheel: Path, tmp_path: Path) -> Iterator["Installed"]:
    """The command of an installed wheel, with a folder and a database that are empty."""
    site, folder = tmp_path / "site", tmp_path / "empty"
    folder.mkdir()
    pip("install", "--no-index", "--no-deps", "--target", site, wheel)
    with database(tmp_path) as url:
        yield Installed(site, folder, {} if ON_SQLITE else {"NOMAYBE_DATABASE_URL": url})


class Installed:
    """`nomaybe` as somebody else has it."""

    def __init__(self, site: Path, folder: Path, settings: dict[str, str]) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NOMAYBE")}
        # The folder of the wheel comes first, so this checkout is not what runs.
        self.environment = kept | {"PYTHONPATH": str(site)} | settings
        self.command = site / "bin" / "nomaybe"
        self.folder = folder

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Start it in the empty folder."""
        return subprocess.Popen(  # noqa: S603  # our own command
            [self.command, *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )


@pytest.mark.slow
def test_the_wheel_brings_our_packages_and_nothing_else(inside: list[str]) -> None:
    top = {name.partition("/")[0] for name in inside}

    assert {name for name in top if not name.endswith(".dist-info")} == set(PACKAGES)
    assert len(top) == len(PACKAGES) + 1


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_the_wheel_holds_every_file_of_a_package(inside: list[str], package: str) -> None:
    held = {name for name in inside if name.startswith(f"{package}/")}

    assert {name for name in held if not name.startswith("models/_alembic/")} == files(package)


@pytest.mark.slow
def test_the_wheel_holds_every_migration(inside: list[str]) -> None:
    held = {name for name in inside if name.startswith("models/_alembic/")}

    assert held == {f"models/_{name}" for name in files("alembic")}


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".html", ".css", ".js", ".toml", "LICENSE"])
def test_the_wheel_holds_more_than_python(inside: list[str], ending: str) -> None:
    assert [name for name in inside if name.endswith(ending)] != []


@pytest.mark.slow
def test_an_installed_wheel_brings_an_empty_database_up_to_date(nomaybe: Installed) -> None:
    with nomaybe.start("migrate") as process:
        said, _ = process.communicate(timeout=SECONDS)

    assert process.returncode == 0
    assert head() in said


@pytest.mark.slow
def test_an_installed_wheel_serves_in_an_empty_folder(nomaybe: Installed) -> None:
    nomaybe.start("migrate").communicate(timeout=SECONDS)

    with nomaybe.start("serve", "--port", "0") as process:
        try:
            assert process.stdout is not None
            address = re.search(r"http://\S+", process.stdout.readline())
            assert address is not None
            ready = httpx.get(f"{address[0]}/readyz", timeout=SECONDS)
            process.terminate()
            status = process.wait(SECONDS)
        finally:
            process.kill()

    assert ready.status_code == 200
    assert status == 0


@pytest.mark.parametrize("name", PINNED)
def test_requirements_name_no_host(name: str) -> None:
    naming = re.compile(r"://|^\s*-(-index|-extra|-find|-trusted|i |f )|@ ")

    assert [line for line in lines(name) if naming.search(line)] == []


@pytest.mark.parametrize("name", PINNED)
def test_every_requirement_is_one_version_with_hashes(name: str) -> None:
    text = "\n".join(lines(name)).replace("\\\n", "")

    loose = [
        line.split()[0]
        for line in text.splitlines()
        if not re.match(r"[a-z0-9._-]+(\[[a-z0-9, ]+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}", line)
    ]

    assert loose == []


def test_extras_that_a_package_asks_for_stand_with_the_pin() -> None:
    # Older pips read "coverage[toml]" as another name than "coverage", and take the newest of it.
    pinned = pins("dev.txt")
    asked = [
        (name, need)
        for name in pinned
        for need in map(Requirement, installed(name))
        if need.extras and need.name in pinned and (need.marker is None or need.marker.evaluate())
    ]

    assert asked
    assert [
        (n, str(need)) for n, need in asked if not need.extras <= pinned[need.name].extras
    ] == []


@pytest.mark.parametrize("asked", asked_for(), ids=str)
def test_what_is_asked_for_is_pinned_to_a_version_that_will_do(asked: Requirement) -> None:
    pinned = next(iter(pins("runtime.txt")[asked.name].specifier)).version

    assert asked.specifier.contains(Version(pinned))


@pytest.mark.parametrize("name", ["runtime.txt", "build.txt"])
def test_the_tools_come_with_the_same_versions_as_the_service(name: str) -> None:
    tools = pins("dev.txt")

    other = {each for each, pin in pins(name).items() if tools[each].specifier != pin.specifier}

    assert other == set()


def test_a_lock_file_that_names_hosts_stays_out() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()

    assert "uv.lock" in ignored
