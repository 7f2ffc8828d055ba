"""Reconciling: CRMs are asked for what changed, and what comes is kept like what they deliver.

Nothing here calls a CRM: a page of records is fetched between two transactions, and kept in one
together with the place where the next page begins. So a run can die at any moment and goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from models.base import new_id
from models.connector import Connector, ConnectorSettings, RecordKind
from models.delivery import Delivery, DeliveryKey, DeliveryState, DeliveryStatus
from models.reconciliation import Reconciliation
from services import reading
from services.connectors import RECONCILED, receive_url
from services.crm import DIALECTS
from services.crm.dialect import Arrival, key_of
from services.crm.vendor import RecordsPage
from services.errors import Conflict
from services.permissions import Caller, Permission
from services.policy import Policy
from services.reading import Claim
from services.receiving import Posted, keep_fetched
from services.revisions import load
from services.vault import Vault

OVERLAP = timedelta(hours=1)  # a search finds a change late, and clocks differ
KNOWN = frozenset({"unchanged", "older", "differs", "duplicate"})
UNLESS_SAID = (RecordKind.company, RecordKind.contact, RecordKind.deal)
AT_ONCE = 500  # keys looked up in one statement
IN_JSON = {"content-type": "application/json"}


class NothingToReconcile(Conflict):
    """No connector can ask its CRM."""

    slug, title = "nothing-to-reconcile", "Nothing to reconcile"
    cure = (
        "Give an enabled connector of HubSpot or Pipedrive a token:"
        " PATCH /api/v1/connectors/{id} with `token`."
    )


class OtherOrganization(Conflict):
    """The token reads the records of another organization than the connector takes."""

    slug, title = "other-organization", "Another organization"
    cure = (
        "Set `organization_id` in the connector's settings to the one whose webhooks it receives,"
        " and its `token` to one of the same: else a record would have two names here."
    )


class LaterThanKept(Conflict):
    """What changed before would be left out."""

    slug, title = "later-than-kept", "Later than what is on file"
    cure = "Choose an earlier date, or leave it out to go on from where reconciling stands."


class Overtaken(Conflict):
    """Another run for the same connector went on meanwhile."""

    slug, title = "overtaken", "Another run is under way"
    cure = "Let the other one end. What both fetched is kept once."


@dataclass(frozen=True)
class Run:
    """Asking for one connector: all that changed since an instant, and how far that is."""

    connector: Connector
    settings: ConnectorSettings
    since: datetime
    started_at: datetime
    kind: RecordKind
    marker: str | None

    @property
    def left(self) -> Sequence[RecordKind]:
        """The kinds of records that are still to be asked for, the present one first."""
        kinds = _kinds(self.settings)
        return kinds[kinds.index(self.kind) :]


@dataclass
class Tally:
    """What came of asking for one connector, in records."""

    seen: int = 0
    known: int = 0
    logged: int = 0
    updated: int = 0
    noted: int = 0
    parked: int = 0
    waiting: int = 0
    first: UUID = field(default_factory=new_id)  # later deliveries have later ids

    def __str__(self) -> str:
        said = (
            f"{self.seen} seen, {self.known} already known, {self.logged} logged,"
            f" {self.updated} updated, {self.noted} noted, {self.parked} parked"
        )
        return said + (f", {self.waiting} still to be read" if self.waiting else "")


def able(session: Session, by: Caller, wanted: UUID | None = None) -> Sequence[Connector]:
    """The connectors that can ask their CRM, or the one that is wanted.

    Raises:
        NotPermitted: `by` may not manage connectors.
        NotFound: There is none with that id.
        NothingToReconcile: It has no token, or none has.
    """
    by.require(Permission.connector_manage)
    if wanted is not None:
        load(session, Connector, wanted)
    statement = select(Connector).where(
        col(Connector.kind).in_(RECONCILED),
        col(Connector.sealed_token).is_not(None),
        col(Connector.enabled).is_(True),
    )
    if wanted is not None:
        statement = statement.where(col(Connector.id) == wanted)
    found = session.execute(statement.order_by(col(Connector.id))).scalars().all()
    if not found:
        whose = "No connector" if wanted is None else "The connector"
        raise NothingToReconcile(f"{whose} that can ask its CRM is enabled and has a token.")
    return found


def token_of(vault: Vault, connector: Connector) -> str:
    """What a connector asks its CRM with.

    Raises:
        CannotUnseal: It was sealed with another key.
    """
    return vault.open((connector.sealed_token or "").encode()).decode()


def begin(session: Session, connector: Connector, now: datetime, since: datetime | None) -> Run:
    """Begin a run, or go on with one that did not end.

    The first run asks for what changed since the connector was made.

    Raises:
        LaterThanKept: `since` is later than where reconciling stands, or than now.
    """
    if since is not None and since > now:
        raise LaterThanKept(f"{since.date()} is yet to come.")
    row = session.get(Reconciliation, connector.id, with_for_update=True)
    settings = ConnectorSettings(**connector.settings)
    if row is None:
        row = Reconciliation(connector_id=connector.id, since=since or connector.created_at)
        session.add(row)
    elif since is not None and since > row.since:
        stands = row.since.isoformat(timespec="seconds")
        said = (
            f"Reconciling stands at {stands}; what changed from then to {since.date()} would miss."
        )
        raise LaterThanKept(said)
    if since is not None and since < row.since:
        row.since, row.started_at = since, None
    if row.started_at is None or row.kind not in _kinds(settings):
        row.started_at, row.kind, row.marker = now, _kinds(settings)[0], None
    session.flush()
    return _run(connector, row)


def same_organization(run: Run, told: str | None) -> str:
    """The organization whose records are asked for: the one that the connector's settings pin.

    Raises:
        OtherOrganization: The token reads another one, or none is pinned.
    """
    pinned = run.settings.organization_id
    if pinned is None:
        whose = f"The token reads organization {told}. " if told else ""
        raise OtherOrganization(f"{whose}The connector's settings have no `organization_id`.")
    if told is not None and told != pinned:
        raise OtherOrganization(f"The token reads organization {told}, and not {pinned}.")
    return pinned


def again(run: Run) -> Run:
    """The same run, with the present kind of record to be read from its beginning."""
    return replace(run, marker=None)


def store(
    session: Session, policy: Policy, run: Run, page: RecordsPage, now: datetime, tally: Tally
) -> list[UUID]:
    """Keep the records of a page as deliveries, except versions that were read before.

    Returns:
        The deliveries.
    """
    connector, dialect = run.connector, DIALECTS[run.connector.kind]
    url = receive_url(policy, connector.kind, connector.id)
    arrivals = [Arrival(url, IN_JSON, body, now) for body in page.bodies]
    keys = [key_of(dialect.read(each, run.settings)[0]) for each in arrivals]
    known = _known(session, connector.id, [key for key in keys if key is not None])
    fresh = [
        Posted(connector.kind, connector.id, each)
        for each, key in zip(arrivals, keys, strict=True)
        if key is None or key not in known
    ]
    tally.seen += len(arrivals)
    tally.known += len(arrivals) - len(fresh)
    return keep_fetched(session, fresh)


def move(session: Session, run: Run, page: RecordsPage) -> Run | None:
    """Write down where the next page begins, in the transaction that kept this one.

    Returns:
        What is left of the run; None at its end.

    Raises:
        Overtaken: Another run went on meanwhile; nothing of this page may be kept.
    """
    row = session.get(
        Reconciliation, run.connector.id, with_for_update=True, populate_existing=True
    )
    if row is None or (row.started_at, row.kind) != (run.started_at, run.kind):
        raise Overtaken(f"Another run for {run.connector.name} went on meanwhile.")
    following = next_of(run, page)
    if following is None:
        row.since = max(row.since, run.started_at - OVERLAP)
        row.started_at, row.kind, row.marker = None, None, None
        row.finished_at = run.started_at
    else:
        row.kind, row.marker = following.kind, following.marker
    session.flush()
    return following


def next_of(run: Run, page: RecordsPage) -> Run | None:
    """Where a run goes on after a page; None at its end."""
    if page.marker is not None:
        return replace(run, marker=page.marker)
    if len(run.left) > 1:
        return replace(run, kind=run.left[1], marker=None)
    return None


def rehearse(session: Session, policy: Policy, run: Run, ids: Sequence[UUID], tally: Tally) -> None:
    """Read deliveries of this very transaction, and count what came of it; the caller undoes it."""
    for delivery_id in ids:
        reading.process(session, policy, Claim(delivery_id, run.connector.kind, 0))
    _count(session, tally, col(Delivery.id).in_(ids))


def count(session: Session, connector_id: UUID, tally: Tally) -> None:
    """Count what became of the deliveries that were kept since a tally began."""
    _count(
        session,
        tally,
        col(Delivery.connector_id) == connector_id,
        col(Delivery.reconciled).is_(True),
        col(Delivery.id) >= tally.first,
    )


def _count(session: Session, tally: Tally, *which: object) -> None:
    rows = session.execute(
        select(col(DeliveryStatus.state), col(DeliveryStatus.outcome))
        .join(Delivery, col(Delivery.id) == col(DeliveryStatus.delivery_id))
        .where(*which)  # type: ignore[arg-type]  # they are conditions
    )
    for state, outcome in rows:
        each = (outcome or {}).get("each") or [{}]
        deed = each[0].get("deed")
        if state is DeliveryState.received:
            tally.waiting += 1
        elif state is DeliveryState.parked:
            tally.parked += 1
        elif state is DeliveryState.duplicate or deed in KNOWN:
            tally.known += 1
        elif deed == "logged":
            tally.logged += 1
        elif deed in {"updated", "gone"}:
            tally.updated += 1
        else:
            tally.noted += 1


def _kinds(settings: ConnectorSettings) -> list[RecordKind]:
    return list(dict.fromkeys(settings.reconcile or UNLESS_SAID))


def _run(connector: Connector, row: Reconciliation) -> Run:
    settings = ConnectorSettings(**connector.settings)
    if row.started_at is None or row.kind is None:
        raise ValueError("a run that did not begin")
    return Run(connector, settings, row.since, row.started_at, row.kind, row.marker)


def _known(session: Session, connector_id: UUID, keys: Sequence[str]) -> set[str]:
    """The events of a connector that were read before."""
    found: set[str] = set()
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        found |= set(
            session.execute(
                select(col(DeliveryKey.event_key)).where(
                    col(DeliveryKey.connector_id) == connector_id,
                    col(DeliveryKey.event_key).in_(some),
                )
            ).scalars()
        )
    return found
