"""What is on file about a feature besides its demand."""

from models.account import Account
from models.ask import Ask
from models.feature import Feature
from services import asks, commitments, feature_record, features
from services.feature_record import Promised
from tests.factories import Make


class TestAnswers:
    def test_the_newest_is_first(self, make: Make) -> None:
        feature = make.feature()
        first, second = (make.ask(make.customer(name=name), feature) for name in ("A", "B"))
        make.response(first)
        make.response(second)

        found = feature_record.answers(make.session, make.boss, feature.id, limit=5)

        assert [each.account_name for each in found] == ["B", "A"]

    def test_only_the_one_that_stands_is_shown(self, make: Make) -> None:
        feature = make.feature()
        ask = make.ask(make.customer(), feature)
        make.response(ask)
        make.response(ask, basis="out_of_scope", supersedes_reason="It was the wrong reason.")

        found = feature_record.answers(make.session, make.boss, feature.id, limit=5)

        assert [each.basis for each in found] == ["out_of_scope"]

    def test_those_of_what_was_merged_count(self, make: Make) -> None:
        gone = make.feature()
        stays = make.feature(product_id=gone.product_id)
        make.response(make.ask(make.customer(), gone))
        features.merge_features(make.session, make.boss, make.policy, gone.id, stays.id)

        found = feature_record.answers(make.session, make.boss, stays.id, limit=5)

        assert len(found) == 1


class TestTimesReached:
    def test_below_the_bar_there_is_none(self, make: Make) -> None:
        feature = make.feature(demand_bar={"accounts": 2, "arr": None})
        make.ask(make.customer(), feature)

        assert feature_record.times_reached(make.session, make.boss, feature.id, limit=5) == []

    def test_the_facts_of_then_are_kept(self, make: Make) -> None:
        feature = make.feature(demand_bar={"accounts": 1, "arr": None})
        make.ask(make.customer(), feature)
        make.ask(make.customer(), feature)

        found = feature_record.times_reached(make.session, make.boss, feature.id, limit=5)

        assert [each.facts.live_accounts_asking for each in found] == [1]


class TestTogether:
    def test_an_account_that_asked_for_both_counts_once(self, make: Make) -> None:
        gone, acme = make.feature(), make.customer()
        stays = make.feature(product_id=gone.product_id)
        make.ask(acme, gone)
        make.ask(acme, stays)

        found = feature_record.together(make.session, make.boss, gone.id, stays.id)

        assert found.both == feature_record.Asking(asks=2, customers=1, prospects=0)

    def test_what_was_withdrawn_does_not(self, make: Make) -> None:
        gone = make.feature()
        stays = make.feature(product_id=gone.product_id)
        asks.withdraw_ask(
            make.session, make.boss, make.policy, make.ask(make.customer(), gone).id, "Gone."
        )

        found = feature_record.together(make.session, make.boss, gone.id, stays.id)

        assert found.moving == feature_record.Asking(asks=0, customers=0, prospects=0)


class TestPromised:
    def promise(self, make: Make, account: Account, feature: Feature) -> Ask:
        ask = make.ask(account, feature)
        make.response(ask, kind="yes", basis="committed")
        return ask

    def test_accounts_count_once_and_customers_apart(self, make: Make) -> None:
        feature, acme = make.planned(), make.customer()
        for account in (acme, acme, make.customer(), make.account()):
            self.promise(make, account, feature)
        make.ask(make.customer(), feature)

        found = feature_record.promised(make.session, make.boss)

        assert found == {feature.id: Promised(customers=2, prospects=1)}

    def test_what_was_released_or_withdrawn_binds_nobody(self, make: Make) -> None:
        feature = make.planned()
        released, withdrawn = (self.promise(make, make.customer(), feature) for _ in range(2))
        made, _more = commitments.list_commitments(make.session, make.boss, limit=9)
        one = next(each for each in made if each.ask_id == released.id)
        commitments.release_commitment(make.session, make.boss, one.id, "They left.")
        asks.withdraw_ask(make.session, make.boss, make.policy, withdrawn.id, "They left.")

        assert feature_record.promised(make.session, make.boss) == {}

    def test_those_of_what_was_merged_count(self, make: Make) -> None:
        gone = make.planned()
        stays = make.planned(product_id=gone.product_id)
        self.promise(make, make.customer(), gone)
        features.merge_features(make.session, make.boss, make.policy, gone.id, stays.id)

        found = feature_record.promised(make.session, make.boss)

        assert found == {stays.id: Promised(customers=1, prospects=0)}
