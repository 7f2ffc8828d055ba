"""The inbox by REST: what came, why it waits, and reading it again."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from models.ask import Ask
from models.base import utc_now
from models.delivery import Delivery
from models.user import Role, Scope
from tests.conftest import As
from tests.factories import Make
from tests.senders import ACME, BEARER, SIGNING_SECRET, Sender, sender, signed

PATH = "/api/v1/inbox"
ASK = {"title": "SSO", "account": ACME}
FOREIGN = {"wish": "SSO", "account_domain": "acme.example", "account_name": "Acme"}
MAPPING = {"fields": {"title": "wish"}}


@pytest.fixture
def outside(boss: TestClient, make: Make) -> Sender:
    """A sender with the generic dialect."""
    make.product()
    return sender(boss)


def replay(outside: Sender, delivery_id: str) -> int:
    return outside.boss.post(f"{PATH}/{delivery_id}/replay").status_code


def states(outside: Sender) -> list[str]:
    return [str(each["state"]) for each in outside.inbox()]


class TestList:
    def test_the_newest_comes_first(self, outside: Sender) -> None:
        for body in (b"1", b"22", b"333"):
            outside.post(body)

        assert [each["bytes"] for each in outside.inbox()] == [3, 2, 1]

    def test_by_state(self, outside: Sender) -> None:
        outside.deliver(ASK)
        outside.deliver(FOREIGN)
        outside.post(ASK, "a-wrong-secret-16")

        found = outside.inbox(state=["parked", "refused"])

        assert [each["state"] for each in found] == ["refused", "parked"]

    def test_by_connector(self, outside: Sender) -> None:
        other = sender(outside.boss)
        outside.post(ASK)
        other.post(ASK)

        (found,) = outside.inbox(connector_id=other.connector["id"])

        assert found["connector_id"] == other.connector["id"]

    def test_a_walk_meets_each_once(self, outside: Sender) -> None:
        for number in range(5):
            outside.post([number])
        ids, cursor = [], None
        while True:
            part = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = outside.boss.get(PATH, params=part).json()
            ids += [each["id"] for each in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break

        assert ids == [each["id"] for each in outside.inbox()]

    def test_an_unknown_filter_is_refused(self, outside: Sender) -> None:
        assert outside.boss.get(PATH, params={"status": "parked"}).status_code == 422


class TestRead:
    def test_shows_it_raw_and_parsed(self, outside: Sender) -> None:
        seen = outside.deliver(FOREIGN, **{"User-Agent": "Zapier"})

        assert json.loads(seen["raw"]) == FOREIGN
        assert seen["headers"]["user-agent"] == "Zapier"
        assert seen["parsed"][0]["problem"]["errors"][0]["loc"] == ["body", "wish"]

    def test_is_parsed_by_the_settings_of_now(self, outside: Sender) -> None:
        seen = outside.deliver(FOREIGN)
        outside.change(settings=MAPPING)

        again = outside.boss.get(f"{PATH}/{seen['id']}").json()

        assert again["parsed"] == [{"index": 0, "ask": ASK}]

    def test_says_what_became_of_each_ask(self, outside: Sender) -> None:
        seen = outside.deliver([ASK, {"title": "No account"}])

        assert [each["deed"] for each in seen["outcome"]] == ["logged", "parked"]

    def test_tells_its_history(self, outside: Sender) -> None:
        seen = outside.deliver(FOREIGN)

        assert [each["state"] for each in seen["history"]] == ["received", "parked"]

    def test_a_number_past_all_bounds_can_be_shown(self, outside: Sender) -> None:
        seen = outside.deliver(b'{"title": [1e400], "account": {"name": -1e400}}')

        assert seen["parsed"][0]["ask"] == {"title": ["Infinity"], "account": {"name": "-Infinity"}}

    def test_an_unknown_one_is_not_found(self, outside: Sender) -> None:
        assert outside.boss.get(f"{PATH}/{uuid4()}").status_code == 404


class TestReplay:
    def test_after_the_mapping_is_fixed_the_ask_goes_in(self, outside: Sender) -> None:
        seen = outside.deliver(FOREIGN)
        outside.change(settings=MAPPING)

        assert replay(outside, seen["id"]) == 200
        outside.read()
        assert states(outside) == ["processed"]
        assert [ask["title"] for ask in outside.asks()] == ["SSO"]

    def test_answers_with_the_delivery_that_waits_again(self, outside: Sender) -> None:
        seen = outside.deliver(FOREIGN)

        again = outside.boss.post(f"{PATH}/{seen['id']}/replay").json()

        assert (again["state"], again["reason"], again["attempts"]) == ("received", None, 0)

    def test_the_history_says_who(self, outside: Sender) -> None:
        seen = outside.deliver(FOREIGN)
        me = outside.boss.get("/api/v1/me").json()["email"]

        again = outside.boss.post(f"{PATH}/{seen['id']}/replay").json()

        last = again["history"][-1]
        assert (last["state"], last["reason"], last["by"]) == ("received", "Replayed.", me)

    def test_again_and_again_it_doubles_nothing(self, outside: Sender) -> None:
        seen = outside.deliver([ASK, ASK | {"title": "SCIM"}])

        for _again in range(3):
            replay(outside, seen["id"])
            outside.read()

        assert states(outside) == ["processed"]
        assert len(outside.asks()) == 2

    def test_after_a_partial_failure_only_the_rest_goes_in(
        self, outside: Sender, make: Make
    ) -> None:
        seen = outside.deliver([ASK, {"title": "SCIM", "account": {"name": "Initech"}}])
        make.account(name="Initech")

        replay(outside, seen["id"])
        outside.read()

        assert states(outside) == ["processed"]
        assert [ask["title"] for ask in outside.asks()] == ["SCIM", "SSO"]

    def test_it_does_not_bring_back_older_words(self, outside: Sender) -> None:
        first = outside.deliver([ASK | {"external_id": "1"}, {"title": "Bad"}])
        outside.deliver(ASK | {"external_id": "1", "title": "Newer"})

        replay(outside, first["id"])
        outside.read()

        assert [ask["title"] for ask in outside.asks()] == ["Newer"]

    def test_one_that_waits_is_due_at_once(self, outside: Sender) -> None:
        outside.post(ASK)
        waiting = outside.last()

        assert replay(outside, waiting["id"]) == 200
        assert len(outside.last()["history"]) == 1

    def test_all_that_are_parked(self, outside: Sender) -> None:
        for number in range(3):
            outside.deliver(FOREIGN | {"external_id": number})
        outside.change(settings=MAPPING)

        for expected in (3, 0):
            answer = outside.boss.post(f"{PATH}/replay", json={})
            assert answer.json() == {"replayed": expected}
            outside.read()

        assert len(outside.asks()) == 3

    def test_all_of_one_connector(self, outside: Sender) -> None:
        other = sender(outside.boss)
        for each in (outside, other):
            each.deliver(FOREIGN)

        wanted = {"state": "parked", "connector_id": other.connector["id"]}
        outside.boss.post(f"{PATH}/replay", json=wanted)

        assert states(outside) == ["received", "parked"]

    def test_each_of_all_has_it_in_its_history(self, outside: Sender) -> None:
        outside.deliver(FOREIGN)

        outside.boss.post(f"{PATH}/replay", json={})

        history = [each["state"] for each in outside.last()["history"]]
        assert history == ["received", "parked", "received"]

    def test_those_that_wait_need_none(self, outside: Sender) -> None:
        outside.post(ASK)

        answer = outside.boss.post(f"{PATH}/replay", json={"state": "received"})

        assert answer.json() == {"replayed": 0}

    def test_a_duplicate_stays_one(self, outside: Sender) -> None:
        for _again in range(2):
            outside.deliver(ASK)

        outside.boss.post(f"{PATH}/replay", json={"state": "duplicate"})
        outside.read()

        assert states(outside) == ["duplicate", "processed"]

    def test_an_unknown_one_is_not_found(self, outside: Sender) -> None:
        assert replay(outside, str(uuid4())) == 404


class TestReplayOfRefused:
    MISTYPED = "the-secret-as-they-have-it"

    def test_stays_refused_while_the_secret_is_wrong(self, outside: Sender) -> None:
        outside.post(ASK, self.MISTYPED)

        answer = outside.boss.post(f"{PATH}/{outside.last()['id']}/replay")

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/still-refused")
        assert states(outside) == ["refused"]

    def test_goes_in_once_the_secret_is_put_right(self, outside: Sender) -> None:
        outside.post(ASK, self.MISTYPED)
        outside.change(secret=f"{BEARER} {self.MISTYPED}")

        assert replay(outside, outside.last()["id"]) == 200
        outside.read()
        assert len(outside.asks()) == 1

    def test_without_any_secret_it_can_never_be_proved(self, outside: Sender) -> None:
        outside.post(ASK, Authorization="")

        assert replay(outside, outside.last()["id"]) == 409

    @pytest.mark.parametrize("of_one_connector", [True, False])
    def test_all_those_that_are_proved_now(
        self, outside: Sender, *, of_one_connector: bool
    ) -> None:
        outside.post(ASK, self.MISTYPED)
        outside.post(ASK, "an-attacker-s-guess")
        outside.change(secret=self.MISTYPED)

        wanted = {"state": "refused"}
        if of_one_connector:
            wanted["connector_id"] = outside.connector["id"]
        answer = outside.boss.post(f"{PATH}/replay", json=wanted)

        assert answer.json() == {"replayed": 1}
        assert states(outside) == ["refused", "received"]

    @pytest.mark.parametrize(
        ("secret", "status"), [(SIGNING_SECRET, 200), ("whsec_" + "B" * 32, 409)]
    )
    def test_a_signature_is_verified_again(
        self, boss: TestClient, secret: str, status: int
    ) -> None:
        outside = sender(boss, "standard_webhooks", secret="whsec_" + "A" * 32)
        outside.post(b"{}", **signed("msg_1", b"{}"))
        outside.change(secret=secret)

        assert replay(outside, outside.last()["id"]) == status

    def test_one_too_old_when_it_came_stays_refused(self, boss: TestClient) -> None:
        outside = sender(boss, "standard_webhooks")
        outside.post(b"{}", **signed("msg_1", b"{}", utc_now() - timedelta(seconds=302)))

        assert replay(outside, outside.last()["id"]) == 409


class TestDismiss:
    def dismiss(self, outside: Sender, delivery_id: str, reason: str = "A test.") -> int:
        path = f"{PATH}/{delivery_id}/dismiss"
        return outside.boss.post(path, json={"reason": reason}).status_code

    def test_it_needs_no_attention_any_more(self, outside: Sender) -> None:
        seen = outside.deliver(FOREIGN)

        assert self.dismiss(outside, seen["id"]) == 200
        last = outside.last()
        assert (last["state"], last["reason"]) == ("dismissed", "A test.")

    def test_it_is_not_read_any_more(self, outside: Sender) -> None:
        outside.post(ASK)
        self.dismiss(outside, outside.last()["id"])

        outside.read()

        assert (states(outside), outside.asks()) == (["dismissed"], [])

    def test_what_was_read_cannot_be(self, outside: Sender) -> None:
        seen = outside.deliver(ASK)

        assert self.dismiss(outside, seen["id"]) == 409

    def test_nor_what_was_dismissed(self, outside: Sender) -> None:
        seen = outside.deliver(FOREIGN)
        self.dismiss(outside, seen["id"])

        assert self.dismiss(outside, seen["id"]) == 409

    def test_it_can_be_replayed(self, outside: Sender) -> None:
        seen = outside.deliver(FOREIGN)
        self.dismiss(outside, seen["id"])
        outside.change(settings=MAPPING)

        replay(outside, seen["id"])
        outside.read()

        assert states(outside) == ["processed"]

    def test_needs_a_reason(self, outside: Sender) -> None:
        seen = outside.deliver(FOREIGN)

        assert self.dismiss(outside, seen["id"], " ") == 422


class TestWho:
    @pytest.mark.parametrize(
        ("role", "may"),
        [
            (Role.se, [200, 403, 403, 403]),
            (Role.pm, [200, 200, 200, 403]),
            (Role.account_manager, [403] * 4),
            (Role.viewer, [403] * 4),
            (Role.admin, [200] * 4),
        ],
    )
    def test_may_do_what(self, outside: Sender, client_as: As, role: Role, may: list[int]) -> None:
        seen = outside.deliver(FOREIGN)
        client, one = client_as(role), f"{PATH}/{seen['id']}"

        answers = [
            client.get(one),
            client.post(f"{one}/replay"),
            client.post(f"{PATH}/replay", json={}),
            client.post(f"{one}/dismiss", json={"reason": "x"}),
        ]

        assert [answer.status_code for answer in answers] == may

    def test_a_key_needs_the_admin_scope(self, client_as: As) -> None:
        assert client_as(Role.admin, Scope.asks_read).get(PATH).status_code == 403


class TestUpdates:
    def test_a_changed_record_updates_its_ask(self, outside: Sender) -> None:
        outside.deliver(ASK | {"external_id": "1"})

        seen = outside.deliver(ASK | {"external_id": "1", "title": "Single sign-on"})

        assert [ask["title"] for ask in outside.asks()] == ["Single sign-on"]
        assert seen["outcome"][0]["deed"] == "updated"

    def test_an_answered_one_is_noted(self, outside: Sender, make: Make, session: Session) -> None:
        outside.deliver(ASK | {"external_id": "1"})
        make.response(session.get_one(Ask, UUID(outside.asks()[0]["id"])))

        seen = outside.deliver(ASK | {"external_id": "1", "title": "Single sign-on"})

        assert seen["outcome"][0]["deed"] == "differs"
        assert "different are title" in seen["outcome"][0]["note"]


def test_what_was_delivered_is_never_changed(outside: Sender, session: Session) -> None:
    outside.deliver(ASK)

    with pytest.raises(IntegrityError, match="append-only"):
        session.execute(update(Delivery).values(body=b"other"))


def test_what_happened_is_never_taken_back(outside: Sender, session: Session) -> None:
    outside.deliver(ASK)

    with pytest.raises(IntegrityError, match="append-only"):
        session.execute(text("DELETE FROM delivery_event"))
