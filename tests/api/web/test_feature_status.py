"""What a feature becomes, whom that concerns, and what it breaks."""

from datetime import date
from typing import ClassVar

import pytest
from fastapi.testclient import TestClient

from models.feature import Feature, FeatureStatus
from tests.factories import Make


class TestStatus:
    def test_the_form_says_whom_it_concerns(self, office: TestClient, make: Make) -> None:
        feature = make.feature()
        make.ask(make.customer("5000.00"), feature)

        page = office.get(f"/features/{feature.id}/status?status=planned").text

        assert "1 live customer with $5,000 of ARR" in page

    def test_planning_needs_a_day(self, office: TestClient, make: Make) -> None:
        answer = office.post(f"/features/{make.feature().id}/status", data={"status": "planned"})

        assert answer.status_code == 422
        assert "give the day" in answer.text

    def test_planned_it_is(self, office: TestClient, make: Make) -> None:
        feature = make.feature()

        office.post(
            f"/features/{feature.id}/status",
            data={"status": "planned", "target_on": "2100-03-01"},
        )

        make.session.expire_all()
        assert make.session.get_one(Feature, feature.id).status is FeatureStatus.planned

    def test_what_is_promised_is_declined_only_with_a_reason(
        self, office: TestClient, make: Make
    ) -> None:
        feature = make.planned()
        make.response(make.ask(make.customer(), feature), kind="yes", basis="committed")
        data = {"status": "declined", "decline_reason": "Outside what it does."}

        refused = office.post(f"/features/{feature.id}/status", data=data)
        taken = office.post(
            f"/features/{feature.id}/status", data=data | {"override_reason": "The law changed."}
        )

        assert refused.status_code == 422
        assert 'name="override_reason"' in refused.text
        assert f'href="/promises?feature_id={feature.id}"' in refused.text
        assert taken.status_code == 303


class TestPromised:
    def test_it_is_said_beside_what_is_free(self, office: TestClient, make: Make) -> None:
        feature = make.planned()
        make.response(make.ask(make.customer(), feature), kind="yes", basis="committed")
        make.ask(make.customer(), feature)

        page, roadmap = office.get(f"/features/{feature.id}").text, office.get("/roadmap").text

        assert "Promised to 1 of 2 live customers and to 0 of 0 prospects" in page
        assert "Of 1 that is planned or in progress, 1 is" in roadmap


class TestSlip:
    """A target that comes after what was promised is looked at before it stands."""

    LATER: ClassVar = {"status": "in_progress", "target_on": "2100-06-01"}

    @pytest.fixture
    def promised(self, make: Make) -> Feature:
        feature = make.planned(date(2100, 3, 1))
        for name in ("Acme", "Globex"):
            ask = make.ask(make.customer("5000.00", name=name), feature)
            said = {"contractual": True, "message": f"Yes, {name}: it ships on 1 March 2100."}
            make.response(ask, kind="yes", basis="committed", **said)
        return feature

    def test_it_is_shown_to_whom_it_does_what(self, office: TestClient, promised: Feature) -> None:
        page = office.post(f"/features/{promised.id}/status", data=self.LATER).text

        assert "2 promises would be late" in page
        assert "contracts hold $10,000" in page
        assert "<q>Yes, Acme: it ships on 1 March 2100.</q>" in page

    def test_the_numbers_are_over_more_than_are_listed(
        self, office: TestClient, make: Make, promised: Feature
    ) -> None:
        for number in range(10):
            ask = make.ask(make.customer("100.00", name=f"Customer {number}"), promised)
            make.response(ask, kind="yes", basis="committed", contractual=True)

        page = office.get(f"/features/{promised.id}/status", params=self.LATER).text

        assert "12 open promises, 12 of them in contracts that hold $11,000" in page
        assert "12 promises would be late" in page
        assert "contracts hold $11,000" in page.partition('id="late"')[2]
        assert page.count("was promised it by") == 10
        assert page.count("And 2 more.") == 2

    def test_nothing_is_kept_before(
        self, office: TestClient, make: Make, promised: Feature
    ) -> None:
        office.post(f"/features/{promised.id}/status", data=self.LATER)

        make.session.expire_all()
        assert make.session.get_one(Feature, promised.id).target_on == date(2100, 3, 1)

    def test_once_seen_it_is_kept(self, office: TestClient, make: Make, promised: Feature) -> None:
        seen = {"seen": self.LATER["target_on"]}

        answer = office.post(f"/features/{promised.id}/status", data=self.LATER | seen)

        make.session.expire_all()
        assert answer.status_code == 303
        assert make.session.get_one(Feature, promised.id).target_on == date(2100, 6, 1)

    def test_to_have_seen_another_day_is_not_enough(
        self, office: TestClient, promised: Feature
    ) -> None:
        data = self.LATER | {"seen": "2100-05-01"}

        page = office.post(f"/features/{promised.id}/status", data=data)

        assert page.status_code == 200
        assert '<input type="hidden" name="seen" value="2100-06-01">' in page.text

    def test_one_may_look_first(self, office: TestClient, promised: Feature) -> None:
        page = office.get(f"/features/{promised.id}/status", params=self.LATER).text

        assert "2 promises would be late" in page

    def test_an_earlier_day_breaks_nothing(self, office: TestClient, promised: Feature) -> None:
        data = self.LATER | {"target_on": "2100-02-01"}

        assert office.post(f"/features/{promised.id}/status", data=data).status_code == 303

    @pytest.mark.parametrize("text", ["2100-13-01", "soon"])
    def test_what_is_no_day_is_told(self, office: TestClient, promised: Feature, text: str) -> None:
        data = self.LATER | {"target_on": text}

        page = office.post(f"/features/{promised.id}/status", data=data)

        assert page.status_code == 422
        assert "Target date</a>" in page.text

    def test_a_planned_one_stays_so_with_another_day(self, office: TestClient, make: Make) -> None:
        feature = make.planned(date(2100, 3, 1))
        page = office.get(f"/features/{feature.id}").text

        office.post(
            f"/features/{feature.id}/status", data={"status": "planned", "target_on": "2100-04-01"}
        )

        make.session.expire_all()
        assert "Move the date" in page
        assert make.session.get_one(Feature, feature.id).target_on == date(2100, 4, 1)
