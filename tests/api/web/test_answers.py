from datetime import date, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from models.ask import Ask
from models.base import new_id, utc_today
from models.response import Response
from models.user import Role
from tests.api.web.conftest import Browser
from tests.factories import Make

HEDGE = "We'll look into it and it's on our radar."


def given(session: Session) -> list[Response]:
    """Every response on file."""
    session.expire_all()
    return list(session.exec(select(Response)).all())


class TestPage:
    def test_it_shows_what_the_customer_said(self, desk: TestClient, make: Make) -> None:
        ask = make.ask(title="SSO", verbatim="No SSO, no deal.", why="Audit")

        page = desk.get(f"/asks/{ask.id}")

        assert "No SSO, no deal." in page.text
        assert "Audit" in page.text

    def test_the_guide_fills_in_its_proposal(self, desk: TestClient, make: Make) -> None:
        ask = make.ask(feature=make.planned(date(2100, 3, 1), title="SSO"))

        page = desk.get(f"/asks/{ask.id}")

        assert "The guide proposes" in page.text
        assert 'name="kind" value="yes" checked' in page.text
        assert "ships on 1 March 2100." in page.text

    def test_an_alternative_can_be_taken_instead(self, desk: TestClient, make: Make) -> None:
        ask = make.ask(feature=make.feature(status="declined", decline_reason="Too wide"))

        page = desk.get(f"/asks/{ask.id}?kind=no&basis=out_of_scope")

        assert '<option value="out_of_scope" selected>' in page.text
        assert "is outside what this product does." in page.text

    def test_an_overdue_one_is_marked(self, desk: TestClient, make: Make) -> None:
        ask = make.ask()
        ask.answer_due_on = utc_today() - timedelta(days=1)
        make.session.add(ask)
        make.session.commit()

        page = desk.get(f"/asks/{ask.id}")

        assert 'class="overdue"' in page.text
        assert "1 day overdue" in page.text

    def test_a_withdrawn_one_cannot_be_answered(
        self, desk: TestClient, client_as: Browser, make: Make
    ) -> None:
        ask = make.ask()
        client_as(Role.se).post(f"/api/v1/asks/{ask.id}/withdraw", json={"reason": "Sold"})

        page = desk.get(f"/asks/{ask.id}")

        assert "Withdrawn" in page.text
        assert 'id="answer"' not in page.text

    def test_a_viewer_reads_and_cannot_answer(self, browser_as: Browser, make: Make) -> None:
        ask = make.ask(title="SSO")

        page = browser_as(Role.viewer).get(f"/asks/{ask.id}")

        assert "SSO" in page.text
        assert 'id="answer"' not in page.text

    def test_an_unknown_one_is_not_there(self, desk: TestClient) -> None:
        answer = desk.get(f"/asks/{new_id()}")

        assert answer.status_code == 404
        assert "What to do" in answer.text

    def test_an_address_that_is_no_id_is_not_there(self, desk: TestClient) -> None:
        assert desk.get("/asks/nothing").status_code == 404

    def test_the_address_of_its_form_leads_back(self, desk: TestClient, make: Make) -> None:
        ask = make.ask()

        answer = desk.get(f"/asks/{ask.id}/responses")

        assert answer.headers["location"] == f"/asks/{ask.id}"


class TestAnswer:
    def test_a_no_is_kept(self, desk: TestClient, make: Make, session: Session) -> None:
        ask = make.ask()
        form = {"kind": "no", "basis": "not_planned", "message": "No: we are not building it."}

        answer = desk.post(f"/asks/{ask.id}/responses", data=form)

        response = given(session)[0]
        assert answer.headers["location"] == f"/asks/{ask.id}?notice=answered#main"
        assert (response.kind, response.basis) == ("no", "not_planned")
        assert response.message == "No: we are not building it."

    def test_fields_of_another_kind_are_left_out(
        self, desk: TestClient, make: Make, session: Session
    ) -> None:
        ask = make.ask(feature=make.feature())
        form = {
            "kind": "no",
            "basis": ["committed", "out_of_scope"],
            "how": "Hidden",
            "contractual": "on",
            "message_yes": "Yes: it is there.",
            "message_no": "No: it is outside what we do.",
        }

        desk.post(f"/asks/{ask.id}/responses", data=form)

        response = given(session)[0]
        assert (response.kind, response.basis, response.how) == ("no", "out_of_scope", None)
        assert response.message == "No: it is outside what we do."

    def test_a_yes_in_a_contract_is_kept(
        self, desk: TestClient, make: Make, session: Session
    ) -> None:
        ask = make.ask(feature=make.planned())
        form = {
            "kind": "yes",
            "basis": "committed",
            "contractual": "on",
            "contract_reference": "MSA 4.2",
        }

        desk.post(f"/asks/{ask.id}/responses", data=form)
        page = desk.get(f"/asks/{ask.id}")

        assert given(session)[0].contract_reference == "MSA 4.2"
        assert "In a contract" in page.text

    def test_a_workaround_is_kept(self, desk: TestClient, make: Make, session: Session) -> None:
        ask = make.ask(feature=make.feature())
        form = {"kind": "yes", "basis": "available", "how": "By the API", "workaround": "on"}

        desk.post(f"/asks/{ask.id}/responses", data=form)

        assert (given(session)[0].how, given(session)[0].workaround) == ("By the API", True)

    def test_an_order_is_kept_and_shown(self, desk: TestClient, make: Make) -> None:
        one, two, three = (make.feature(title=word, shareable=True) for word in ("A1", "B2", "C3"))
        ask = make.ask(feature=one)
        order = [str(two.id), str(one.id), str(three.id), "", "", ""]

        desk.post(f"/asks/{ask.id}/responses", data={"kind": "ranked", "order": order})
        page = desk.get(f"/asks/{ask.id}").text

        assert "<li>B2</li><li>A1</li><li>C3</li>" in page

    def test_a_changed_mind_says_why(self, desk: TestClient, make: Make, session: Session) -> None:
        ask = make.ask()
        make.response(ask)
        form = {"kind": "no", "basis": "out_of_scope", "supersedes_reason": "Closer look"}

        desk.post(f"/asks/{ask.id}/responses", data=form)
        page = desk.get(f"/asks/{ask.id}")

        assert len(given(session)) == 2
        assert "Changed, because: Closer look" in page.text
        assert "superseded" in page.text


class TestRefused:
    @pytest.mark.parametrize("kind", ["maybe", "", "later", "YES"])
    def test_there_is_no_maybe(
        self, desk: TestClient, make: Make, session: Session, kind: str
    ) -> None:
        ask = make.ask()

        answer = desk.post(f"/asks/{ask.id}/responses", data={"kind": kind})

        assert answer.status_code == 422
        assert "There is no maybe" in answer.text
        assert given(session) == []
        assert session.exec(select(Ask.state)).one() == "unanswered"

    def test_a_hedge_is_pointed_at_and_straight_words_offered(
        self, desk: TestClient, make: Make, session: Session
    ) -> None:
        ask = make.ask()
        form = {"kind": "no", "basis": "not_planned", "message": HEDGE}

        answer = desk.post(f"/asks/{ask.id}/responses", data=form)

        assert answer.status_code == 422
        assert answer.text.count("<mark>") >= 2
        assert "Say instead: <strong>" in answer.text
        assert 'name="hedge_override"' in answer.text
        assert HEDGE.replace("'", "&#39;") in answer.text
        assert given(session) == []

    def test_an_insisted_hedge_is_kept_with_its_reason(
        self, desk: TestClient, make: Make, session: Session
    ) -> None:
        ask = make.ask()
        form = {
            "kind": "no",
            "basis": "not_planned",
            "message": HEDGE,
            "hedge_override": "Their own words",
        }

        desk.post(f"/asks/{ask.id}/responses", data=form)

        assert given(session)[0].hedge_override == "Their own words"

    @pytest.mark.parametrize(
        ("form", "status", "said"),
        [
            ({"kind": "yes", "basis": "available"}, 422, "needs <code>how</code>"),
            ({"kind": "yes", "basis": "available", "how": "x"}, 409, "Not available today"),
            ({"kind": "yes", "basis": "committed"}, 409, "Nobody has committed it"),
            ({"kind": "no", "basis": "insufficient_demand"}, 409, "There is no demand bar"),
            ({"kind": "no", "basis": "committed"}, 422, "The answer was not taken"),
            ({"kind": "no"}, 422, "is needed"),
            ({"kind": "ranked"}, 422, "lacks the asked feature"),
            ({"kind": "ranked", "order": "x"}, 422, "UUID"),
            ({"kind": "no", "basis": "not_planned", "message": "Yes: it is there."}, 422, "words"),
            (
                {"kind": "no", "basis": "not_planned", "supersedes_reason": "x"},
                422,
                "there is no answer to supersede",
            ),
        ],
    )
    def test_what_the_facts_do_not_support(
        self,
        desk: TestClient,
        make: Make,
        session: Session,
        form: dict[str, str],
        status: int,
        said: str,
    ) -> None:
        ask = make.ask(feature=make.feature())

        answer = desk.post(f"/asks/{ask.id}/responses", data=form)

        assert answer.status_code == status
        assert said in answer.text
        assert given(session) == []

    def test_words_that_say_the_opposite_may_stand_with_a_reason(
        self, desk: TestClient, make: Make
    ) -> None:
        ask = make.ask(make.customer(), make.feature())
        no = {"kind": "no", "basis": "not_planned", "message_no": "Yes, we will build it by May."}

        refused = desk.post(f"/asks/{ask.id}/responses", data=no)
        taken = desk.post(f"/asks/{ask.id}/responses", data=no | {"hedge_override": "A quotation."})

        assert refused.status_code == 422
        assert "These words must stand, because" in refused.text
        assert taken.status_code == 303

    def test_an_untriaged_ask_can_only_be_told_no(self, desk: TestClient, make: Make) -> None:
        ask = make.ask()

        answer = desk.post(f"/asks/{ask.id}/responses", data={"kind": "yes", "basis": "committed"})

        assert answer.status_code == 409
        assert "This ask names no feature" in answer.text

    def test_a_second_answer_needs_its_reason(self, desk: TestClient, make: Make) -> None:
        ask = make.ask()
        make.response(ask)

        answer = desk.post(
            f"/asks/{ask.id}/responses", data={"kind": "no", "basis": "out_of_scope"}
        )

        assert answer.status_code == 409
        assert "This ask has an answer." in answer.text
        assert 'id="fault-supersedes_reason"' in answer.text

    def test_an_account_manager_may_not_answer(self, browser_as: Browser, make: Make) -> None:
        ask = make.ask()

        answer = browser_as(Role.account_manager).post(
            f"/asks/{ask.id}/responses", data={"kind": "no", "basis": "out_of_scope"}
        )

        assert answer.status_code == 403


class TestTriage:
    def test_features_that_are_alike_come_first(self, desk: TestClient, make: Make) -> None:
        make.feature(title="Dark theme")
        make.feature(title="Single sign-on with SAML")
        ask = make.ask(title="SAML sign-on")

        page = desk.get(f"/asks/{ask.id}").text

        assert page.index("Most alike") < page.index("Single sign-on with SAML")

    def test_the_feature_chosen_is_kept(
        self, desk: TestClient, make: Make, session: Session
    ) -> None:
        feature, ask = make.feature(), make.ask()

        answer = desk.post(f"/asks/{ask.id}/feature", data={"feature_id": str(feature.id)})

        session.expire_all()
        assert answer.status_code == 303
        assert session.get_one(Ask, ask.id).feature_id == feature.id

    @pytest.mark.parametrize("chosen", ["", "nothing", "01a20772-dbfa-73c7-9522-f0354e4f8f70"])
    def test_no_feature_is_refused(self, desk: TestClient, make: Make, chosen: str) -> None:
        make.feature()
        ask = make.ask()

        answer = desk.post(f"/asks/{ask.id}/feature", data={"feature_id": chosen})

        assert answer.status_code == 422
        assert 'id="fault-feature_id"' in answer.text


class TestTold:
    def test_the_words_are_there_to_copy_and_to_mail(self, desk: TestClient, make: Make) -> None:
        ask = make.ask(title="SSO", contact={"name": "Pat", "email": "pat@acme.example"})
        make.response(ask, kind="no", basis="not_planned", message="No: it is not planned.")

        page = desk.get(f"/asks/{ask.id}").text

        assert 'data-copy="No: it is not planned."' in page
        assert 'href="mailto:pat@acme.example?subject=SSO&amp;body=No%3A%20it%20is' in page

    def test_it_is_noted_once_and_for_all(self, desk: TestClient, make: Make) -> None:
        ask = make.ask()
        make.response(ask, kind="no", basis="out_of_scope")
        before = desk.get(f"/asks/{ask.id}").text

        answer = desk.post(f"/asks/{ask.id}/told", data={"channel": "call", "on": "2026-01-05"})

        after = desk.get(answer.headers["location"]).text
        assert "Was the customer told?" in before
        assert "told by call" in after
        assert "Was the customer told?" not in after

    def test_an_answer_that_another_one_replaced_meanwhile_is_not_noted_as_told(
        self, desk: TestClient, make: Make
    ) -> None:
        ask = make.ask()
        stale = make.response(ask, kind="no", basis="out_of_scope")
        make.response(ask, kind="no", basis="not_planned", supersedes_reason="It was dropped.")
        data = {"channel": "call", "on": "2026-01-05", "response_id": str(stale.id)}

        answer = desk.post(f"/asks/{ask.id}/told", data=data)

        assert answer.status_code == 412
        assert "The answer has changed since this page was opened." in answer.text
        assert "told by call" not in desk.get(f"/asks/{ask.id}").text

    @pytest.mark.parametrize(
        "data", [{"channel": "pigeon", "on": "2026-01-05"}, {"channel": "call", "on": "soon"}]
    )
    def test_what_is_no_telling_is_not(
        self, desk: TestClient, make: Make, data: dict[str, str]
    ) -> None:
        ask = make.ask()
        make.response(ask, kind="no", basis="out_of_scope")

        assert desk.post(f"/asks/{ask.id}/told", data=data).status_code == 422

    def test_without_an_answer_there_is_nothing_to_tell(self, desk: TestClient, make: Make) -> None:
        data = {"channel": "call", "on": "2026-01-05"}

        answer = desk.post(f"/asks/{make.ask().id}/told", data=data)

        assert answer.status_code == 422
        assert "There is no answer yet" in answer.text

    def test_a_reload_of_its_address_is_the_ask(self, desk: TestClient, make: Make) -> None:
        ask = make.ask()

        assert desk.get(f"/asks/{ask.id}/told").headers["location"] == f"/asks/{ask.id}"
