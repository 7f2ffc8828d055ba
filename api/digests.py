"""`nomaybe digest`: sends or prints what each person owes today."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Annotated, Any

import typer
from starlette.datastructures import State

from api import mailing, terminal
from api.observing import Figures
from api.terminal import Misused
from api.work import Session
from api.worker import Running
from models.database import connect, read_only
from services import digests
from services.policy import Policy


def command(found: Callable[[], Running], prepare: Callable[[Any], None]) -> Callable[..., None]:
    """The command, for ways to find the settings and to bring their database up to date."""

    def digest(
        *,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Print the letters, and send none.")
        ] = False,
    ) -> None:
        """Send each person what they owe today, at most once a day. Needs NOMAYBE_SMTP_HOST."""
        settings = found()
        relay = settings.mail
        if relay is None and not dry_run:
            raise Misused("there is no mail server; set NOMAYBE_SMTP_HOST, or use --dry-run")
        prepare(settings)
        engine = connect(settings.database, pool_size=1)
        state = State(
            {
                "writer": engine,
                "reader": read_only(engine),
                "turn": nullcontext(),
                "figures": Figures(),
            }
        )
        try:
            if relay is None or dry_run:
                _print(state, settings.policy)
                return
            done = mailing.send_all(state, settings.policy, relay)
        finally:
            engine.dispose()
        typer.echo(f"{done.sent} sent.")
        if done.left or done.refused:
            typer.echo(f"nomaybe: {done.left + done.refused} could not be sent.", err=True)
            raise typer.Exit(terminal.FAILED)

    return digest


def _print(state: State, policy: Policy) -> None:
    with Session(state.reader) as session:
        found = digests.letters(session, policy, again=True)
    for letter in found:
        typer.echo(f"To: {letter.to}\nSubject: {letter.subject}\n\n{letter.text}")
    if not found:
        typer.echo("Nobody owes anything today.")
