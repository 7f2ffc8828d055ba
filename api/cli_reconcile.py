"""`nomaybe reconcile`: CRMs are asked for what their webhooks may have missed."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from api import terminal
from api.observing import Figures, set_up_logging
from api.work import Session
from api.worker import Worker
from models.base import utc_now
from models.connector import Connector, ConnectorKind
from models.database import connect
from services import finding, reconciling, users
from services.crm.vendor import RecordsPage, RequestRefused, Vendor
from services.errors import DomainError
from services.policy import Policy
from services.reconciling import Run, Tally
from services.vault import Vault, key_in

Transaction = Callable[[], AbstractContextManager[Session]]
Wait = Callable[[float], None]


@dataclass(frozen=True)
class Asking:
    """What asking needs besides the connector."""

    transaction: Transaction
    policy: Policy
    vault: Vault
    urls: dict[ConnectorKind, str]
    since: datetime | None = None
    dry_run: bool = False
    wait: Wait = time.sleep


def command(
    settings_of: Callable[[], Any],
    prepare: Callable[[Any], None],
    session: Callable[[Any], AbstractContextManager[Session]],
) -> Callable[..., None]:
    """The command, for the ways to read the settings, make the database ready and open it."""

    def reconcile(
        *,
        connector: Annotated[
            UUID | None, typer.Option(metavar="ID", help="Only this connector; else each.")
        ] = None,
        since: Annotated[
            datetime | None,
            typer.Option(
                metavar="DATE",
                formats=["%Y-%m-%d"],
                help="Ask for what changed since this day, in UTC; else since the last run.",
            ),
        ] = None,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Tell what would happen, and keep nothing.")
        ] = False,
    ) -> None:
        """Ask HubSpot and Pipedrive for what changed, and log what their webhooks missed.

        Run it every hour, and after an outage. A run that was interrupted goes on.
        """
        settings = settings_of()
        prepare(settings)
        set_up_logging("warning")
        key = settings.secret_key
        asking = Asking(
            transaction=lambda: session(settings),
            policy=settings.policy,
            vault=Vault(key.get_secret_value() if key else key_in(settings.data_dir)),
            urls={
                ConnectorKind.hubspot: settings.hubspot_url,
                ConnectorKind.pipedrive: settings.pipedrive_url,
            },
            since=since.replace(tzinfo=UTC) if since else None,
            dry_run=dry_run,
        )
        if run_all(asking, settings.database, connector):
            raise typer.Exit(terminal.FAILED)

    return reconcile


def run_all(asking: Asking, database: str, wanted: UUID | None) -> int:
    """Ask for each connector, and tell what came of it; returns how many failed."""
    with asking.transaction() as session:
        by = users.caller_for(finding.person(session, None))
        connectors = reconciling.able(session, by, wanted)
    failed = 0
    for connector in connectors:
        tally = Tally()
        try:
            run = reconcile_one(asking, connector, tally)
        except DomainError as error:
            failed += 1
            run = None
            typer.echo(f"{connector.name}: {error.detail}\n{error.cure}", err=True)
        if not asking.dry_run:
            _read(database, asking.policy)
            with asking.transaction() as session:
                reconciling.count(session, connector.id, tally)
        kept = " Nothing was kept: this was a dry run." if asking.dry_run else ""
        ended = "" if run else " It did not come to its end."
        typer.echo(f"{connector.name}: {tally}.{ended}{kept}")
    return failed


def reconcile_one(asking: Asking, connector: Connector, tally: Tally) -> bool:
    """Ask for one connector, page by page, to the end.

    Raises:
        DomainError: The CRM refuses, or does not answer; what came before is kept.
    """
    from services.crm.vendors import asking as asked  # noqa: PLC0415  # others need no HTTP client

    with asking.transaction() as session:
        run: Run | None = reconciling.begin(session, connector, utc_now(), asking.since)
        if asking.dry_run:
            session.rollback()
    if run is None:
        return True
    token = reconciling.token_of(asking.vault, connector)
    url = asking.urls[connector.kind]
    with (
        asked(connector.kind, url, token, run.settings, asking.wait) as vendor,
        terminal.progress(connector.name) as advance,
    ):
        organization = reconciling.same_organization(run, vendor.organization())
        while run is not None:
            run, page = _page(vendor, organization, run)
            run = _keep(asking, run, page, tally)
            advance(tally.seen, tally.seen + max((page.left or 0) - len(page.bodies), 0))
    return True


def _page(vendor: Vendor, organization: str, run: Run) -> tuple[Run, RecordsPage]:
    """The next page, between two transactions; from the first one where the place is forgotten."""
    try:
        return run, vendor.page(organization, run.kind, run.since, run.marker)
    except RequestRefused:
        if run.marker is None:
            raise
    run = reconciling.again(run)
    return run, vendor.page(organization, run.kind, run.since, None)


def _keep(asking: Asking, run: Run, page: RecordsPage, tally: Tally) -> Run | None:
    """Keep a page and the place after it in one transaction; of a dry run, nothing."""
    with asking.transaction() as session:
        ids = reconciling.store(session, asking.policy, run, page, utc_now(), tally)
        if not asking.dry_run:
            return reconciling.move(session, run, page)
        reconciling.rehearse(session, asking.policy, run, ids, tally)
        session.rollback()
    return reconciling.next_of(run, page)


def _read(database: str, policy: Policy) -> None:
    """Read what waits, as the worker does; beside a server the two share it."""
    engine = connect(database)
    try:
        Worker(engine, nullcontext(), policy, Figures()).drain()
    finally:
        engine.dispose()
