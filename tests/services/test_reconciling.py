"""Reconciling: where a run stands, and that two of them cannot leave a gap."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from models.base import utc_now
from models.connector import Connector, ConnectorKind, RecordKind
from models.reconciliation import Reconciliation
from services import reconciling
from services.crm.vendor import RecordsPage

NOW = utc_now()
LAST, MORE = RecordsPage([], None, 0), RecordsPage([], "7", None)


@pytest.fixture
def connector(session: Session) -> Connector:
    """A connector that was made two days ago."""
    made = Connector(
        kind=ConnectorKind.hubspot,
        name="HubSpot",
        sealed_secret="sealed",  # noqa: S106
        created_at=NOW - timedelta(days=2),
    )
    session.add(made)
    session.commit()
    return made


def test_a_run_goes_through_the_kinds_and_its_end_is_where_the_next_begins(
    session: Session, connector: Connector
) -> None:
    run = reconciling.begin(session, connector, NOW, None)
    places = [(run.kind, run.marker)]
    for page in (MORE, LAST, LAST):
        following = reconciling.move(session, run, page)
        assert following is not None
        run = following
        places.append((run.kind, run.marker))

    assert reconciling.move(session, run, LAST) is None
    assert places == [("company", None), ("company", "7"), ("contact", None), ("deal", None)]
    again = reconciling.begin(session, connector, NOW + timedelta(hours=9), None)
    assert again.since == NOW - reconciling.OVERLAP


def test_an_interrupted_run_keeps_the_time_of_its_beginning(
    session: Session, connector: Connector
) -> None:
    run = reconciling.begin(session, connector, NOW, None)
    reconciling.move(session, run, MORE)

    later = reconciling.begin(session, connector, NOW + timedelta(hours=9), None)

    assert (later.since, later.started_at, later.marker) == (connector.created_at, NOW, "7")


def test_of_two_runs_the_slower_one_gives_way(session: Session, connector: Connector) -> None:
    slow = reconciling.begin(session, connector, NOW, None)
    fast = reconciling.begin(session, connector, NOW + timedelta(minutes=1), None)
    reconciling.move(session, fast, LAST)

    with pytest.raises(reconciling.Overtaken, match="went on meanwhile"):
        reconciling.move(session, slow, MORE)


def test_kinds_that_the_settings_name_no_more_begin_the_run_anew(
    session: Session, connector: Connector
) -> None:
    reconciling.begin(session, connector, NOW, None)
    connector.settings = {"reconcile": ["deal", "ticket", "deal"]}

    run = reconciling.begin(session, connector, NOW + timedelta(hours=1), None)

    assert list(run.left) == [RecordKind.deal, RecordKind.ticket]
    assert session.get_one(Reconciliation, connector.id).kind is RecordKind.deal
