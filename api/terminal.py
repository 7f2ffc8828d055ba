"""How the command line speaks: errors as sentences, progress as a bar, results line by line."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typer.core import TyperGroup

from models.database import UnsafeDatabase, collided, unavailable
from services.errors import DomainError
from services.importing import Did, Result
from services.vault import CannotUnseal

FAILED, MISUSED = 1, 2


class Refused(Exception):
    """The work cannot be done; the message says why, and what would help."""


class Misused(Exception):
    """The command or a setting is wrong; the message names it."""


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"nomaybe {version('nomaybe')}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version", callback=_tell_version, is_eager=True, help="Tell the version, and end."
    ),
]


class Commands(TyperGroup):
    """Commands whose failures are told in a sentence, and end with a status of their own."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            said = _said(error)
            if said is None:
                raise
            typer.echo(f"nomaybe: {said}", err=True)
            raise typer.Exit(MISUSED if isinstance(error, Misused) else FAILED) from None


def _said(error: Exception) -> str | None:
    """An error that was to be expected, for a person; None for a mistake of ours."""
    if isinstance(error, DomainError):
        return f"{error.detail}\n{error.cure}"
    if isinstance(error, Refused | Misused | UnsafeDatabase | CannotUnseal):
        return str(error)
    if collided(error):
        return "Others changed the same things at the same moment. Run it again."
    cause = getattr(error, "orig", None)
    if unavailable(error) or isinstance(cause, sqlite3.DatabaseError):
        return f"The database cannot be used: {str(cause or error).strip()}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'The system'}: {error.strerror}"
    return None


def faults_of(error: ValidationError) -> list[tuple[str, str]]:
    """What is wrong with which field, without the values: some of them are secrets."""
    return [
        (".".join(str(part) for part in each["loc"]), each["msg"].removeprefix("Value error, "))
        for each in error.errors(include_url=False, include_input=False, include_context=False)
    ]


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal, where there is one; call what it gives with done and of how many."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=(console := Console(stderr=True)),
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task(title, total=None)
    with bar:
        yield lambda done, total: bar.update(task, completed=done, total=total)


def tell_import(name: str, results: Sequence[Result], *, dry_run: bool) -> None:
    """Say which rows of a file were refused and why, and what became of the others."""
    for result in results:
        for fault in result.faults:
            column = f"{fault.column}: " if fault.column else ""
            typer.echo(f"line {result.line}: {column}{fault.said}")
    counts = [f"{sum(result.did is did for result in results)} {did}" for did in Did]
    kept = " Nothing was kept: this was a dry run." if dry_run else ""
    typer.echo(f"{name}: {', '.join(counts)}.{kept}")
