"""The page of a connector: its settings kept, tried on calls, and tested."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from models.ask import Ask
from models.connector import Connector, ConnectorKind
from models.delivery import Delivery
from models.user import Role
from tests.api.web.conftest import Browser
from tests.factories import Make

SECRETS = {"pipedrive": "user:" + "x" * 20, "standard_webhooks": "whsec_" + "A" * 43 + "="}


@pytest.fixture
def admin_desk(browser_as: Browser) -> TestClient:
    """The browser of an administrator."""
    return browser_as(Role.admin)


@pytest.fixture
def path(admin_desk: TestClient, make: Make) -> str:
    """The page of a generic connector, where there is one product."""
    make.product()
    return connected(admin_desk, "generic")


def connected(desk: TestClient, kind: str) -> str:
    """The page of a new connector."""
    given = {"name": "Ours", "kind": kind, "secret": SECRETS.get(kind, "x" * 20)}
    made = desk.post("/admin/connectors", data=given | {"make_accounts": "on"})
    return str(made.headers["location"]).partition("?")[0]


def form(**typed: str) -> dict[str, str]:
    """The form as a browser sends it."""
    return {
        "name": "Ours",
        "make_accounts": "on",
        "map_title": "wish",
        "map_account_name": "who",
    } | typed


CALL = json.dumps({"wish": "Dark mode", "who": "Acme"})


@pytest.mark.parametrize("kind", ConnectorKind)
def test_each_kind_says_what_to_set_at_the_sender(
    admin_desk: TestClient, make: Make, kind: str
) -> None:
    make.product()
    page = admin_desk.get(connected(admin_desk, kind)).text

    assert f"/hooks/{kind}/" in page
    assert "There: what to set at the sender" in page


def test_settings_are_kept(admin_desk: TestClient, path: str, session: Session) -> None:
    answer = admin_desk.post(f"{path}/settings", data=form(items="data"))

    assert answer.headers["location"] == f"{path}?notice=settings"
    kept = session.exec(select(Connector)).one()
    assert kept.settings["fields"] == {"title": "wish", "account_name": "who"}
    assert (kept.settings["items"], kept.settings["make_accounts"]) == ("data", True)


def test_what_the_form_does_not_show_stays(
    admin_desk: TestClient, boss: TestClient, path: str, session: Session
) -> None:
    labels = {"stage": {"2": "Proposal"}}
    settings = {"labels": labels, "fields": {"product_id": "product"}}
    key = path.rpartition("/")[2]
    boss.patch(f"/api/v1/connectors/{key}", json={"settings": settings}, headers={"If-Match": "*"})

    admin_desk.post(f"{path}/settings", data=form())

    kept = session.exec(select(Connector)).one().settings
    assert kept["labels"] == labels
    assert kept["fields"]["product_id"] == "product"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": " "}, "name"),
        ({"product_id": "01890a5d-ac96-774b-bcce-b302099a8057"}, "product"),
        ({"version": "7"}, "somebody changed them meanwhile"),
    ],
)
def test_settings_that_cannot_work_are_shown_again(
    admin_desk: TestClient, path: str, typed: dict[str, str], said: str
) -> None:
    answer = admin_desk.post(f"{path}/settings", data=form(**typed))

    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="wish"' in answer.text


def test_a_call_is_tried_and_nothing_is_kept(
    admin_desk: TestClient, path: str, session: Session
) -> None:
    page = admin_desk.post(f"{path}/preview", data=form(payload=CALL))

    assert page.status_code == 200
    assert "Dark mode" in page.text
    assert "Acme" in page.text
    assert session.exec(select(Ask)).all() == []
    assert session.exec(select(Delivery)).all() == []


def test_a_call_that_cannot_be_read_says_why(admin_desk: TestClient, path: str) -> None:
    page = admin_desk.post(f"{path}/preview", data=form(payload='{"who": "Acme"}')).text

    assert "Parked" in page
    assert "title" in page


@pytest.mark.parametrize("typed", [{"delivery": "x"}, {"payload": "x" * 1_000_001}])
def test_what_is_no_call_is_refused(
    admin_desk: TestClient, path: str, typed: dict[str, str]
) -> None:
    answer = admin_desk.post(f"{path}/preview", data=form(**typed))

    assert answer.status_code in {413, 422}


def test_a_script_gets_the_part_of_a_refusal_too(admin_desk: TestClient, path: str) -> None:
    answer = admin_desk.post(
        f"{path}/preview", data=form(delivery="x"), headers={"HX-Request": "true"}
    )

    assert answer.status_code == 200
    assert "is none of the list" in answer.text


def test_a_parked_call_is_tried_by_other_settings(
    admin_desk: TestClient, boss: TestClient, path: str, session: Session
) -> None:
    app: Any = boss.app
    headers = {"Authorization": "Bearer " + "x" * 20}
    hook = path.replace("/admin/connectors", "/hooks/generic")
    assert boss.post(hook, json={"wish": "Dark mode", "who": "Acme"}, headers=headers).is_success
    app.state.worker.drain()
    delivery = session.exec(select(Delivery.id)).one()
    session.commit()

    parked = admin_desk.get(f"/inbox/{delivery}").text
    assert f"{path}?delivery={delivery}" in parked
    assert "selected" in admin_desk.get(f"{path}?delivery={delivery}").text
    page = admin_desk.post(f"{path}/preview", data=form(delivery=str(delivery))).text

    assert "Acme" in page
    assert session.exec(select(Ask)).all() == []


@pytest.mark.parametrize("kind", ConnectorKind)
def test_a_test_goes_the_whole_way(
    admin_desk: TestClient, make: Make, session: Session, kind: str
) -> None:
    make.product()
    path = connected(admin_desk, kind)
    if kind == "pipedrive":
        admin_desk.post(f"{path}/settings", data=form(map_title="a" * 40))

    page = admin_desk.post(f"{path}/test").text

    assert "The secret proved it" in page
    assert "A request, to try the connection" in page
    assert session.exec(select(Delivery)).all() == []


@pytest.mark.parametrize("part", ["preview", "settings", "test"])
def test_the_address_of_a_form_leads_back(admin_desk: TestClient, path: str, part: str) -> None:
    assert admin_desk.get(f"{path}/{part}").headers["location"] == path
