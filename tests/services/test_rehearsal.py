"""What would become of a call is told as it would be, and nothing of it is kept."""

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from models import Model
from models.connector import Connector, ConnectorKind, ConnectorNew, ConnectorSettings
from models.delivery import DeliveryState
from services import connectors, rehearsal
from services.errors import Invalid
from services.rehearsal import Rehearsed
from services.vault import Vault
from tests.factories import Make

VAULT = Vault("k" * 40)
SECRETS = {
    ConnectorKind.generic: "s" * 20,
    ConnectorKind.standard_webhooks: "whsec_" + "A" * 43 + "=",
    ConnectorKind.hubspot: "s" * 20,
    ConnectorKind.salesforce: "s" * 20,
    ConnectorKind.pipedrive: "user:" + "p" * 20,
}


def connected(
    make: Make, kind: ConnectorKind = ConnectorKind.generic, **settings: Any
) -> Connector:
    """A connector of a kind."""
    new = ConnectorNew(kind=kind, name="x", secret=SECRETS[kind], settings=settings)
    made = connectors.create_connector(make.session, make.boss, VAULT, new)
    make.session.commit()
    return made


def counts(make: Make) -> dict[str, int]:
    """How many rows each table has."""
    found = {
        name: make.session.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in Model.metadata.tables.items()
    }
    make.session.commit()
    return found


def pasted(make: Make, connector: Connector, body: Any, **settings: Any) -> Rehearsed:
    """Rehearse a body, with other settings, and end the transaction as a page does."""
    text = body if isinstance(body, str) else json.dumps(body)
    tried = ConnectorSettings(**settings)
    found = rehearsal.pasted(make.session, make.boss, make.policy, connector.id, tried, text)
    make.session.commit()
    return found


def test_a_call_is_read_by_settings_that_are_not_kept(make: Make) -> None:
    product, connector = make.product(), connected(make)
    before = counts(make)

    found = pasted(
        make,
        connector,
        {"wish": "SSO", "who": "Acme"},
        fields={"title": "wish", "account_name": "who"},
        make_accounts=True,
    )

    assert (found.state, found.reason) == (DeliveryState.processed, None)
    assert [(each["title"], each["account"]["name"]) for each in found.asks] == [("SSO", "Acme")]
    assert found.asks[0]["product_id"] == product.id
    assert counts(make) == before
    assert make.session.get_one(Connector, connector.id).settings["fields"] == {}


def test_what_would_be_parked_says_why(make: Make) -> None:
    make.product()
    connector = connected(make)

    found = pasted(make, connector, {"wish": "SSO", "account_name": "Acme"})

    assert found.state is DeliveryState.parked
    assert "wish" in str(found.reason)
    assert found.asks == []


@pytest.mark.parametrize("body", ["", "  \n", "x" * (rehearsal.LARGEST + 1)])
def test_what_is_no_call_is_refused(make: Make, body: str) -> None:
    connector = connected(make)

    with pytest.raises(Invalid, match="payload"):
        pasted(make, connector, body)


def test_settings_that_cannot_work_are_refused(make: Make) -> None:
    connector = connected(make)

    with pytest.raises(Invalid, match="no field of an ask"):
        pasted(make, connector, {"title": "SSO"}, fields={"titel": "wish"})


@pytest.mark.parametrize("kind", ConnectorKind)
def test_a_test_goes_the_whole_way_and_leaves_nothing(make: Make, kind: ConnectorKind) -> None:
    make.product()
    fields = {"title": "a" * 40} if kind is ConnectorKind.pipedrive else {}
    connector = connected(make, kind, make_accounts=True, fields=fields)
    before = counts(make)

    found = rehearsal.test(
        make.session,
        make.boss,
        make.policy,
        VAULT,
        connector.id,
        ConnectorSettings(**connector.settings),
    )
    make.session.commit()

    assert (found.state, found.reason) == (DeliveryState.processed, None)
    assert [each["title"] for each in found.asks] == ["A request, to try the connection"]
    assert counts(make) == before


@pytest.mark.parametrize(
    "settings",
    [
        {"items": "data.asks", "fields": {"title": "properties.wish.value"}},
        {"fields": {"title": "wish", "account_name": "company.name"}},
    ],
)
def test_a_test_uses_the_names_of_the_settings(make: Make, settings: dict[str, Any]) -> None:
    make.product()
    connector = connected(make, make_accounts=True, **settings)

    found = rehearsal.test(
        make.session,
        make.boss,
        make.policy,
        VAULT,
        connector.id,
        ConnectorSettings(**connector.settings),
    )

    assert found.state is DeliveryState.processed
    assert len(found.asks) == 1
