"""What the page of an ask brings along to answer with: words, questions, and what it bars."""

from datetime import date
from html import unescape
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient

from tests.factories import Make

FAR = date(2100, 3, 1)


def test_the_words_for_each_reason_are_those_that_are_true(desk: TestClient, make: Make) -> None:
    candidate, planned = make.feature(title="SSO"), make.planned(FAR, title="Audit log")

    open_one = desk.get(f"/asks/{make.ask(feature=candidate).id}").text
    promised = desk.get(f"/asks/{make.ask(feature=planned).id}").text

    assert 'data-basis="not_planned"' in open_one
    assert 'data-basis="out_of_scope"' in open_one
    assert 'data-basis="committed"' not in open_one
    assert 'data-basis="committed"' in promised
    assert 'data-basis="not_planned"' not in promised


def test_how_it_is_done_today_is_filled_in_as_it_was_told_last(
    desk: TestClient, make: Make
) -> None:
    feature = make.feature(status="shipped")
    yes = {"kind": "yes", "basis": "available"}
    make.response(make.ask(feature=feature), **yes, how="Under Settings.")
    make.response(make.ask(feature=feature), **yes, how="By hand.", workaround=True)

    page = desk.get(f"/asks/{make.ask(feature=feature).id}").text

    assert "Under Settings.</textarea>" in page
    assert "As it was told last" in page


@pytest.mark.parametrize(
    ("bar", "said"), [(None, "no bar is set"), ({"accounts": 1}, "but that is not so")]
)
def test_a_lack_of_demand_that_is_none_cannot_be_chosen(
    desk: TestClient, make: Make, bar: dict[str, int] | None, said: str
) -> None:
    product = make.product(demand_bar=bar)
    ask = make.ask(make.customer(), make.feature(product_id=product.id))

    page = desk.get(f"/asks/{ask.id}").text

    assert 'value="insufficient_demand" disabled>too few live customers need it' in page
    assert said in page


def test_a_lack_of_demand_can_be_chosen_below_the_bar(desk: TestClient, make: Make) -> None:
    product = make.product(demand_bar={"accounts": 5})
    ask = make.ask(make.customer(), make.feature(product_id=product.id))

    assert 'value="insufficient_demand" selected>' in desk.get(f"/asks/{ask.id}").text


def test_a_yes_without_a_feature_says_what_comes_first(desk: TestClient, make: Make) -> None:
    page = desk.get(f"/asks/{make.ask().id}").text

    assert "Triage the ask first: a yes is about a feature." in page


def test_an_order_is_asked_for_under_the_names_that_customers_see(
    desk: TestClient, make: Make
) -> None:
    asked = make.feature(title="SSO")
    make.feature(title="Falcon", public_title="Faster search", shareable=True)
    make.feature(title="Dark theme", shareable=True)
    make.feature(title="Done already", status="shipped", shareable=True)
    make.feature(title="Not for customers")

    page = unescape(desk.get(f"/asks/{make.ask(feature=asked).id}").text)

    question = page.partition("Please put these in order")[2].partition("</p>")[0]
    assert question.split("\n- ") == [
        ", the one that you need most first:", "SSO", "Faster search", "Dark theme"
    ]  # fmt: skip
    assert "Done already" not in page.partition('id="order"')[2]


def test_what_is_mailed_says_how_and_in_which_order(desk: TestClient, make: Make) -> None:
    asked = make.feature(title="SSO", status="shipped")
    yes = make.ask(feature=asked)
    make.response(yes, kind="yes", basis="available", how="Under Settings.", message="Yes, today.")
    others = [
        make.feature(title="Falcon", public_title="Faster search", shareable=True),
        make.feature(title="Dark theme", shareable=True),
    ]
    ranked = make.ask(feature=asked)
    make.response(ranked, kind="ranked", order=[others[0].id, asked.id, others[1].id])

    pages = [unquote(unescape(desk.get(f"/asks/{ask.id}").text)) for ask in (yes, ranked)]

    assert "body=Yes, today.\r\n\r\nUnder Settings." in pages[0]
    assert "body=1. Faster search\r\n2. SSO\r\n3. Dark theme" in pages[1]


def test_a_place_given_twice_is_told_by_its_name(desk: TestClient, make: Make) -> None:
    asked = make.feature(title="SSO")
    others = [make.feature(shareable=True) for _ in range(2)]
    ask = make.ask(feature=asked)
    order = [str(each.id) for each in (asked, others[0], asked)]

    page = desk.post(f"/asks/{ask.id}/responses", data={"kind": "ranked", "order": order})

    assert page.status_code == 422
    assert "'SSO' is there twice" in unescape(page.text)


class TestDirections:
    """How it is done is read as the words are, and the fault stands at its field."""

    def refused(self, desk: TestClient, make: Make, how: str) -> str:
        ask = make.ask(feature=make.feature())
        form = {"kind": "yes", "basis": "available", "how": how, "workaround": "on"}

        answer = desk.post(f"/asks/{ask.id}/responses", data=form | {"message_yes": "Yes, today."})

        assert answer.status_code == 422
        assert 'id="fault-how"' in answer.text
        assert 'id="fault-message_yes"' not in answer.text
        assert 'name="hedge_override"' in answer.text
        return answer.text

    def test_a_hedge_is_marked_where_it_stands(self, desk: TestClient, make: Make) -> None:
        page = self.refused(desk, make, "Well, it is on our radar.")

        assert '<p class="said">Well, it is <mark>on our radar</mark>.</p>' in page

    def test_what_comes_later_is_not_there_today(self, desk: TestClient, make: Make) -> None:
        page = self.refused(desk, make, "We will ship it in March 2027.")

        assert "delivered later" in page
