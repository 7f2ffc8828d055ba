"""`nomaybe verify` and `nomaybe erase-contact`: proof of what was said, and a person forgotten."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated, Any

import typer

from api import terminal
from api.terminal import Misused, Refused
from models.chain import ErasedKind
from services import erasing, health, verifying
from services.vault import KEPT, Vault, kept_key
from services.verifying import Checkpoint

Opened = Callable[[], AbstractContextManager[Any]]
WORDS = {
    ErasedKind.contact: ("contact", "contacts"),
    ErasedKind.told: ("record of who was told", "records of who was told"),
    ErasedKind.response: ("answer whose words named them", "answers whose words named them"),
    ErasedKind.commitment: ("promise that named them", "promises that named them"),
    ErasedKind.release: ("release of a promise", "releases of promises"),
    ErasedKind.ask: ("ask whose words named them", "asks whose words named them"),
    ErasedKind.delivery: ("delivery that named them", "deliveries that named them"),
}


def _checkpoint(text: str | None) -> Checkpoint | None:
    if text is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,17}:[0-9a-fA-F]{64}", text):
        raise Misused("--checkpoint must be NUMBER:HASH, as `nomaybe verify` printed it")
    seq, _colon, written = text.partition(":")
    return Checkpoint(int(seq), bytes.fromhex(written))


def _vault(settings: Any) -> Vault | None:
    """With the service's secret key; none is made, for another one seals and opens nothing."""
    key = settings.secret_key
    found = key.get_secret_value() if key else kept_key(settings.data_dir)
    return Vault(found) if found else None


def verification(looking: Opened) -> Callable[..., None]:
    """The command, for a way to open a session that can only read."""

    def verify(
        checkpoint: Annotated[
            str | None,
            typer.Option(metavar="NUMBER:HASH", help="What an earlier run printed."),
        ] = None,
    ) -> None:
        """Prove that answers, promises and what was told are as they were written.

        Names the first record that was changed, removed, moved or added around the service.
        """
        held = _checkpoint(checkpoint)
        with looking() as (session, settings), terminal.progress("Chain") as advance:
            found = verifying.verify(
                session, vault=_vault(settings), checkpoint=held, advance=advance
            )
            lost = health.lost_triggers(session)
        unguarded = (
            f"{len(lost)} trigger(s) are missing or switched off, so what was said could be"
            f" changed: {', '.join(sorted(lost))}. Find out who removed them;"
            " `nomaybe migrate` puts them back."
        )
        if found.fault is not None:
            typer.echo(f"{found.right} records are right before it.", err=True)
            raise Refused(f"{found.fault.said}\n{unguarded}" if lost else found.fault.said)
        typer.echo(f"{found.right} records are right. Keep this elsewhere, to compare with later:")
        typer.echo(f"{found.right}:{found.head.hex()}")
        if lost:
            raise Refused(unguarded)

    return verify


def erasure(looking: Opened, writing: Opened) -> Callable[..., None]:
    """The command, for a way to open a session that can only read, and one that writes."""

    def erase_contact(
        *,
        who: Annotated[str, typer.Argument(metavar="EMAIL|ID", help="The person's e-mail, or id.")],
        yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
    ) -> None:
        """Erase a person: contacts, words and deliveries that name them. Counts stay."""
        if not yes:
            with looking() as (session, _settings):
                person = erasing.find(session, who)
            for each in person.contacts.values():
                typer.echo(each)
            named = ", ".join([*sorted(person.emails), *sorted(person.names)])
            typer.echo(f"Looked for in words and deliveries: {named or 'nothing'}.")
            typer.confirm("Erase this for good?", abort=True)
        with writing() as (session, settings):
            vault = _vault(settings)
            if vault is None:
                raise Refused(
                    "There is no secret key here, and erasures are sealed with that of the service."
                    f" Set NOMAYBE_SECRET_KEY, or run this where {KEPT} lies in the data folder;"
                    " a service without one makes it when it starts."
                )
            person = erasing.find(session, who)
            done = erasing.erase(session, person, vault)
        if not done.counts:
            typer.echo("There is nothing to erase; nothing here names them.")
        for kind, count in sorted(done.counts.items()):
            typer.echo(f"{count} {WORDS[kind][count != 1]}")
        if done.first_answers:
            typer.echo(f"{done.first_answers} kept answer(s) to requests with an Idempotency-Key")
        for name in sorted(person.shared):
            typer.echo(
                f"Not looked for in words: {name!r}, which may be somebody else. Search for it.",
                err=True,
            )

    return erase_contact
