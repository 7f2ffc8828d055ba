"""Contradictions: what was said before, and the report of what cannot both be said."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine

from models.account import Account
from models.ask import Ask, AskChange
from models.base import new_id, utc_now
from models.feature import Feature, FeatureChange
from models.response import Response, ResponseKind
from services import accounts, asks, contradictions, features, guide
from services.book import Book
from services.errors import NotFound
from tests.factories import Make

YES: dict[str, Any] = {"kind": "yes", "basis": "available", "how": "By hand.", "workaround": True}
TOLD = {"channel": "call", "on": "2026-11-20"}


def say(make: Make, feature: Feature, account: Account | None = None, **given: Any) -> Response:
    """An answer to an account about a feature; a no unless told otherwise."""
    return make.response(make.ask(account or make.customer(), feature), **given)


def found(make: Make, **wanted: Any) -> list[dict[str, Any]]:
    """The report."""
    make.session.commit()
    items, _more = contradictions.report(Book(), make.session, make.boss, **{"limit": 200} | wanted)
    make.session.commit()
    return items


def related(item: dict[str, Any]) -> dict[str, UUID]:
    """What an item contradicts, by the relation."""
    return {each["relation"]: each["response_id"] for each in item["contradicts"]}


class TestReport:
    def test_a_no_and_a_yes_to_two_accounts(self, make: Make) -> None:
        feature = make.feature(title="SSO")
        no, yes = say(make, feature), say(make, feature, **YES)

        (item,) = found(make)

        assert item["id"] == yes.id
        assert item["feature"] == {"id": feature.id, "title": "SSO"}
        assert related(item) == {"other_account": no.id}
        assert item["contradicts"][0]["days"] == 0

    @pytest.mark.parametrize(("days", "count"), [(89, 1), (91, 0)])
    def test_two_accounts_within_90_days(self, make: Make, days: int, count: int) -> None:
        feature = make.feature()
        with time_machine.travel(utc_now() - timedelta(days=days), tick=False):
            say(make, feature)
        say(make, feature, **YES)

        items = found(make)

        assert len(items) == count
        assert [each["contradicts"][0]["days"] for each in items] == [days] * count

    def test_one_account_however_long_ago(self, make: Make) -> None:
        feature, account = make.feature(), make.customer()
        with time_machine.travel(utc_now() - timedelta(days=400), tick=False):
            no = say(make, feature, account)
        say(make, feature, account, **YES)

        assert related(found(make)[0]) == {"same_account": no.id}

    def test_ranked_contradicts_before_one_account_alone(self, make: Make) -> None:
        product, account = make.product(), make.customer()
        others = [make.feature(product_id=product.id, shareable=True) for _each in range(3)]
        order = [str(each.id) for each in others]
        no = say(make, others[0], account)
        say(make, others[0], kind="ranked", order=order)

        assert found(make) == []

        say(make, others[0], account, kind="ranked", order=order)
        assert related(found(make)[0]) == {"same_account": no.id}

    def test_the_same_answer_twice_is_none(self, make: Make) -> None:
        feature, account = make.feature(), make.customer()
        say(make, feature, account)
        say(make, feature, account, basis="out_of_scope")

        assert found(make) == []

    def test_other_features_have_nothing_to_do_with_it(self, make: Make) -> None:
        account = make.customer()
        say(make, make.feature(), account)
        say(make, make.feature(), account, **YES)

        assert found(make) == []

    def test_superseding_one_puts_it_right(self, make: Make) -> None:
        feature = make.feature()
        no = say(make, feature)
        say(make, feature, **YES)
        assert len(found(make)) == 1

        ask = make.session.get_one(Ask, no.ask_id)
        make.response(ask, **YES, supersedes_reason="There is a way.")

        assert found(make) == []

    def test_withdrawing_one_puts_it_right(self, make: Make) -> None:
        feature = make.feature()
        no = say(make, feature)
        say(make, feature, **YES)

        asks.withdraw_ask(make.session, make.boss, make.policy, no.ask_id, "Sold")

        assert found(make) == []

    def test_merged_features_and_accounts_are_one(self, make: Make) -> None:
        product, account, other = make.product(), make.customer(), make.customer()
        one, two = (make.feature(product_id=product.id) for _each in range(2))
        no = say(make, one, account)
        say(make, two, other, **YES)
        assert found(make) == []

        features.merge_features(make.session, make.boss, make.policy, two.id, one.id)
        (item,) = found(make)
        assert related(item) == {"other_account": no.id}
        assert item["feature"]["id"] == one.id
        assert found(make, feature_id=[one.id]) == [item]

        accounts.merge_accounts(make.session, make.boss, make.policy, other.id, account.id)
        assert related(found(make)[0]) == {"same_account": no.id}

    def test_of_one_feature_or_product(self, make: Make) -> None:
        first, second = make.feature(), make.feature(product_id=make.product().id)
        for feature in (first, second):
            say(make, feature)
            say(make, feature, **YES)

        assert [each["feature"]["id"] for each in found(make)] == [second.id, first.id]
        assert [each["feature"]["id"] for each in found(make, feature_id=[first.id])] == [first.id]
        of_second = found(make, product_id=[second.product_id])
        assert [each["feature"]["id"] for each in of_second] == [second.id]
        assert found(make, feature_id=[new_id()], product_id=[new_id()]) == []

    def test_answers_of_one_instant_are_walked_once_each(self, make: Make) -> None:
        feature = make.feature()
        with time_machine.travel(utc_now() - timedelta(days=1), tick=False):
            say(make, feature)
        with time_machine.travel(utc_now(), tick=False):
            made = {say(make, feature, **YES).id for _each in range(5)}
        make.session.commit()
        book, met, cursor = Book(), list[Any](), None
        for _page in range(5):
            items, cursor = contradictions.report(
                book, make.session, make.boss, limit=1, cursor=cursor
            )
            met += [each["id"] for each in items]

        assert cursor is None
        assert len(met) == 5
        assert set(met) == made


class TestBefore:
    def test_what_this_account_was_told(self, make: Make) -> None:
        feature, account = make.feature(title="SSO"), make.customer()
        no = say(make, feature, account, told=TOLD)

        before = contradictions.before(make.session, make.boss, make.ask(account, feature).id)

        assert [each.response_id for each in before.account] == [no.id]
        assert before.contradicting().keys() == {ResponseKind.yes, ResponseKind.ranked}

    def test_what_others_of_its_segment_were_told(self, make: Make) -> None:
        feature, alike = make.feature(), make.customer(segment="smb")
        say(make, feature, alike)
        last = say(make, feature, alike)  # one account counts once
        say(make, feature, make.customer(segment="enterprise"), **YES)

        ask = make.ask(make.customer(segment="smb"), feature)
        before = contradictions.before(make.session, make.boss, ask.id)

        assert before.segment_accounts == {ResponseKind.no: 1}
        assert before.segment_latest[0].response_id == last.id
        assert before.account == []
        assert before.contradicting() == {
            ResponseKind.yes: ["1 other account was answered no within the last 90 days."],
            ResponseKind.no: ["1 other account was answered yes within the last 90 days."],
        }

    def test_its_own_answer_is_no_contradiction(self, make: Make) -> None:
        response = say(make, make.feature())

        before = contradictions.before(make.session, make.boss, response.ask_id)

        assert before == contradictions.Before(account=[], segment_latest=[])

    def test_of_an_untriaged_ask_nothing_is_known(self, make: Make) -> None:
        assert contradictions.before(make.session, make.boss, make.ask().id).reasons() == []

    def test_of_an_unknown_one(self, make: Make) -> None:
        with pytest.raises(NotFound):
            contradictions.before(make.session, make.boss, new_id())

    def test_the_guide_says_so_and_owns_up(self, make: Make) -> None:
        feature, account = make.feature(title="SSO"), make.customer(segment="smb")
        say(make, feature, account, told=TOLD)
        change = FeatureChange(status="shipped")
        features.change_feature(make.session, make.boss, make.policy, feature.id, change)
        ask = make.ask(account, feature)

        said = guide.guide(make.session, make.boss, make.policy, ask.id)

        assert said["wording"] == (
            "Yes: \u201cSSO\u201d is in the product today. On 20 November 2026 we told you"
            " something else; this answer takes its place."
        )
        assert any("This account has 1 other answer" in each for each in said["because"])
        assert any("Answering yes contradicts" in each for each in said["because"])

    def test_all_of_it_counts_and_some_is_shown(self, make: Make) -> None:
        feature, account = make.feature(title="SSO"), make.customer()
        say(make, feature, account, **YES, told=TOLD)
        for _each in range(5):
            say(make, feature, account)
        ask = make.ask(account, feature)

        said = guide.guide(make.session, make.boss, make.policy, ask.id)

        assert any("This account has 6 other answers" in each for each in said["because"])
        assert said["before"]["account_answers"] == 6
        assert len(said["before"]["account"]) == contradictions.OWN
        assert ResponseKind.no in said["before"]["contradicting"]
        assert "On 20 November 2026 we told you something else" in said["wording"]


class TestToldAndTakenBack:
    """What was told was told, whatever became of its ask."""

    @pytest.fixture
    def told(self, make: Make) -> Response:
        """A promise that was told and then broken, so that its ask is owed an answer again."""
        feature = make.planned(title="SSO")
        told = say(make, feature, kind="yes", basis="committed", told=TOLD)
        _decline(make, feature)
        return told

    def test_the_ask_that_is_open_again_owns_up(self, make: Make, told: Response) -> None:
        said = guide.guide(make.session, make.boss, make.policy, told.ask_id)

        (before,) = said["before"]["account"]
        assert (before["response_id"], before["told"], before["stands"]) == (told.id, True, False)
        assert ResponseKind.no in said["before"]["contradicting"]
        assert "On 20 November 2026 we told you something else" in said["wording"]

    def test_so_does_another_ask_of_the_account(self, make: Make, told: Response) -> None:
        ask = make.session.get_one(Ask, told.ask_id)
        feature = make.session.get_one(Feature, ask.feature_id)
        again = make.ask(make.session.get_one(Account, ask.account_id), feature)
        asks.withdraw_ask(make.session, make.boss, make.policy, ask.id, "Asked again.")

        before = contradictions.before(make.session, make.boss, again.id)
        no = make.response(again)
        (item,) = found(make)

        assert [each.response_id for each in before.account] == [told.id]
        assert (item["id"], related(item)) == (no.id, {"same_account": told.id})
        assert item["contradicts"][0]["stands"] is False

    def test_the_report_has_it_by_feature(self, make: Make, told: Response) -> None:
        ask = make.session.get_one(Ask, told.ask_id)
        account = make.session.get_one(Account, ask.account_id)
        no = say(make, make.session.get_one(Feature, ask.feature_id), account)
        say(make, make.feature(), account)

        assert [each["id"] for each in found(make)] == [no.id]
        assert [each["id"] for each in found(make, feature_id=[ask.feature_id])] == [no.id]

    def test_an_answer_that_takes_its_place_puts_it_right(self, make: Make, told: Response) -> None:
        ask = make.session.get_one(Ask, told.ask_id)
        account = make.session.get_one(Account, ask.account_id)
        make.response(ask, supersedes_reason="It will not be built.")
        again = make.ask(account, make.session.get_one(Feature, ask.feature_id))
        make.response(again)

        before = contradictions.before(make.session, make.boss, again.id)

        assert [each.kind for each in before.account] == [ResponseKind.no]
        assert found(make) == []

    def test_what_was_told_last_counts_alone(self, make: Make) -> None:
        feature, account = make.feature(), make.customer()
        ask = make.ask(account, feature)
        make.response(ask, **YES, told=TOLD)
        no = make.response(ask, supersedes_reason="It broke.", told=TOLD)
        make.response(ask, **YES, supersedes_reason="It works again.")  # nobody was told
        asks.withdraw_ask(make.session, make.boss, make.policy, ask.id, "Asked again.")

        before = contradictions.before(make.session, make.boss, make.ask(account, feature).id)

        assert [each.response_id for each in before.account] == [no.id]

    def test_what_nobody_was_told_is_gone(self, make: Make) -> None:
        feature, account = make.planned(), make.customer()
        say(make, feature, account, kind="yes", basis="committed")
        _decline(make, feature)

        before = contradictions.before(make.session, make.boss, make.ask(account, feature).id)

        assert before.account == []

    def test_it_was_about_the_feature_of_then(self, make: Make, told: Response) -> None:
        ask = make.session.get_one(Ask, told.ask_id)
        account = make.session.get_one(Account, ask.account_id)
        then, other = make.session.get_one(Feature, ask.feature_id), make.feature()
        change = AskChange(feature_id=other.id)
        asks.change_ask(make.session, make.boss, make.policy, ask.id, change)

        of_then = contradictions.before(make.session, make.boss, make.ask(account, then).id)
        of_other = contradictions.before(make.session, make.boss, make.ask(account, other).id)

        assert [each.response_id for each in of_then.account] == [told.id]
        assert of_other.account == []


def _decline(make: Make, feature: Feature) -> None:
    change = FeatureChange(status="declined", decline_reason="No.", override_reason="No.")
    features.change_feature(make.session, make.boss, make.policy, feature.id, change)
    make.session.commit()
