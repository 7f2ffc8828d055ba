import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from models.base import utc_today
from models.feature import Feature
from models.product import Product
from models.user import Role
from services.months import month_starts
from tests.api.web.conftest import Browser
from tests.factories import Make


def row(page: str, title: str) -> str:
    """The row of a feature."""
    return next(each for each in page.split("<tr>") if f">{title}</a>" in each)


@pytest.fixture
def wanted(make: Make) -> Feature:
    """A feature that two customers and a prospect with a deal ask for."""
    product = make.product(demand_bar={"accounts": 4, "arr": None})
    feature = make.feature(title="Dark theme", product_id=product.id, area="Interface")
    make.ask(make.customer("600000.10"), feature, importance="blocker")
    make.ask(make.customer("348000.00"), feature)
    prospect = make.account()
    deal = make.opportunity(prospect, amount={"amount": "50000.00", "currency": "USD"})
    make.ask(prospect, feature, opportunity_id=deal.id)
    return feature


class TestTable:
    def test_a_row_says_who_asks_and_what_it_is_worth(
        self, desk: TestClient, wanted: Feature
    ) -> None:
        found = row(desk.get("/demand").text, wanted.title)

        assert 'data-label="Customers" class="number">2<' in found
        assert 'title="$948,000.10">$948k<' in found
        assert "1 of customers, 0 of prospects" in found
        assert "$50k" in found
        assert "2 of 4 customers" in found
        assert "50 %" in found

    def test_a_feature_opens_onto_its_page(self, desk: TestClient, wanted: Feature) -> None:
        found = row(desk.get("/demand").text, wanted.title)

        assert f'href="/features/{wanted.id}"' in found

    def test_bars_are_scaled_to_the_largest(
        self, desk: TestClient, make: Make, wanted: Feature
    ) -> None:
        make.ask(make.customer("474000.05"), make.feature(title="Half of it"))
        page = desk.get("/demand").text

        widths = [
            re.search(r'bar-part" width="(\d+)"', row(page, title))
            for title in (wanted.title, "Half of it")
        ]

        assert [width and width[1] for width in widths] == ["100", "50"]

    def test_a_reached_bar_says_so(self, desk: TestClient, make: Make) -> None:
        feature = make.feature(demand_bar={"accounts": 1, "arr": None})
        make.ask(make.customer(), feature)

        assert "Reached" in row(desk.get("/demand").text, feature.title)

    def test_a_bar_in_money_shows_how_far_it_is(self, desk: TestClient, make: Make) -> None:
        bar = {"accounts": None, "arr": {"amount": "4000.00", "currency": "USD"}}
        feature = make.feature(demand_bar=bar)
        make.ask(make.customer("1000.00"), feature)

        assert "25 %" in row(desk.get("/demand").text, feature.title)

    def test_what_a_contract_holds_is_shown(self, desk: TestClient, make: Make) -> None:
        account, feature = make.customer(), make.planned()
        deal = make.opportunity(account, amount={"amount": "90000.00", "currency": "USD"})
        ask = make.ask(account, feature, opportunity_id=deal.id)
        make.response(ask, kind="yes", basis="committed", contractual=True)

        assert "$90k" in row(desk.get("/demand").text, feature.title)


class TestWaiting:
    LINK = "/asks?show=waiting&triaged=yes"

    def test_the_count_leads_to_the_asks_that_it_counts(
        self, desk: TestClient, make: Make, wanted: Feature
    ) -> None:
        make.ask(title="Of no feature yet")
        make.response(make.ask(feature=wanted, title="Answered already"))

        page, asks = desk.get("/demand").text, desk.get(self.LINK).text

        assert f'href="{self.LINK.replace("&", "&amp;")}">3<' in page
        assert asks.count('data-label="Answer"') == 3
        assert "Of no feature yet" not in asks
        assert "Answered already" not in asks

    def test_a_chip_brings_back_those_that_are_not_triaged(
        self, desk: TestClient, make: Make
    ) -> None:
        make.ask(title="Of no feature yet")
        page = desk.get(self.LINK).text

        assert '<a class="chip" href="/asks?show=waiting"><span class="muted">Only:</span>' in page
        assert "Of no feature yet" in desk.get("/asks?show=waiting").text

    @pytest.mark.parametrize("query", ["?lifecycle=customer", "?compare=previous"])
    def test_no_list_is_of_the_accounts_or_days_that_a_filter_leaves(
        self, desk: TestClient, wanted: Feature, query: str
    ) -> None:
        assert "triaged=yes" not in desk.get(f"/demand{query}").text

    def test_where_none_waits_there_is_nothing_to_follow(
        self, desk: TestClient, make: Make
    ) -> None:
        make.response(make.ask(feature=make.feature()))

        assert "triaged=yes" not in desk.get("/demand").text


class TestFilters:
    def test_a_status_is_filtered(self, desk: TestClient, make: Make, wanted: Feature) -> None:
        make.ask(feature=make.planned(title="Planned thing"))

        page = desk.get("/demand?feature_status=planned&segment=&product_id=&lifecycle=").text

        assert "Planned thing" in page
        assert wanted.title not in page
        assert 'value="planned" checked>' in page

    def test_a_lifecycle_is_filtered(self, desk: TestClient, wanted: Feature) -> None:
        found = row(desk.get("/demand?lifecycle=prospect").text, wanted.title)

        assert 'data-label="Customers" class="number">0<' in found

    def test_exports_have_the_same_filters(self, desk: TestClient, wanted: Feature) -> None:
        page = desk.get("/demand?feature_status=candidate").text
        link = "/api/v1/demand?feature_status=candidate&format=csv"

        export = desk.get(link)

        assert link.replace("&", "&amp;") in page
        assert wanted.title in export.text

    def test_a_column_sorts(self, desk: TestClient, make: Make, wanted: Feature) -> None:
        make.ask(make.customer("999999.00"), make.feature(title="One rich customer"))

        page = desk.get("/demand?sort=-customers").text

        assert page.index(wanted.title) < page.index("One rich customer")
        assert 'aria-sort="descending"' in page
        assert 'href="/demand?sort=customers"' in page

    @pytest.mark.parametrize(
        ("field", "value"), [("industry", "Banking"), ("region", "EMEA"), ("tag", "dora")]
    )
    def test_what_accounts_are_filters(
        self, desk: TestClient, make: Make, wanted: Feature, field: str, value: str
    ) -> None:
        account = make.customer(industry="Banking", region="EMEA", tags=["dora"])
        make.ask(account, make.feature(title="Only theirs"))

        page = desk.get(f"/demand?{field}={value}").text

        assert "Only theirs" in page
        assert wanted.title not in page

    def test_days_filter(self, desk: TestClient, make: Make, wanted: Feature) -> None:
        make.ask(feature=make.feature(title="Long ago"), asked_on="2020-05-05")

        page = desk.get("/demand?asked_since=2020-05-01&asked_until=2020-05-31").text

        assert "Long ago" in page
        assert wanted.title not in page

    def test_a_chip_takes_its_filter_away_and_no_other(
        self, desk: TestClient, wanted: Feature
    ) -> None:
        query = "segment=smb&segment=enterprise&lifecycle=customer&sort=-asks"
        page = desk.get(f"/demand?{query}").text

        links = re.findall(r'class="chip" href="([^"]+)"', page)

        assert [link.replace("&amp;", "&") for link in links] == [
            "/demand?segment=enterprise&lifecycle=customer&sort=-asks",
            "/demand?segment=smb&lifecycle=customer&sort=-asks",
            "/demand?segment=smb&segment=enterprise&sort=-asks",
        ]

    def test_a_chip_names_the_product(self, desk: TestClient, make: Make, wanted: Feature) -> None:
        page = desk.get(f"/demand?product_id={wanted.product_id}").text

        product = make.session.get_one(Product, wanted.product_id)
        assert f'<span class="muted">Product:</span> {product.name}' in page

    def test_a_period_that_ends_before_it_begins_is_told(self, desk: TestClient) -> None:
        answer = desk.get("/demand?asked_since=2026-02-01&asked_until=2026-01-01")

        assert answer.status_code == 422
        assert "asked_until" in answer.text

    @pytest.mark.parametrize("query", ["feature_status=maybe", "sort=x", "cursor=x"])
    def test_nonsense_is_told(self, desk: TestClient, query: str) -> None:
        answer = desk.get(f"/demand?{query}")

        assert answer.status_code == 422
        assert "What to do" in answer.text

    def test_more_than_a_page_goes_on(self, desk: TestClient, make: Make) -> None:
        for number in range(51):
            make.ask(feature=make.feature(title=f"Wish {number:02}"))
        first = desk.get("/demand").text

        link = re.search(r'href="(/demand\?cursor=[^"]+)"', first)
        second = desk.get(link[1] if link else "/").text

        assert first.count('<th scope="row">') == 50
        assert second.count('<th scope="row">') == 1


class TestLines:
    def test_a_row_says_how_many_asked_in_each_of_twelve_months(
        self, desk: TestClient, make: Make
    ) -> None:
        feature = make.feature(title="Dark theme")
        starts = month_starts(utc_today(), 12)
        make.ask(feature=feature, asked_on=starts[0])
        make.ask(feature=feature, asked_on=utc_today())
        make.ask(feature=feature, asked_on=starts[0] - timedelta(days=1))

        found = row(desk.get("/demand").text, feature.title)

        said = f"Asks a month, {starts[0]:%b %Y} to {starts[-2]:%b %Y}: 1, 0, 0, 0"
        assert said in found
        assert '0, 1"' in found


@pytest.fixture
def grown(make: Make) -> Feature:
    """A feature that one customer asked for in May 2026, and two others in June."""
    feature = make.feature(title="Dark theme")
    for asked_on, arr in (
        ("2026-05-10", "1000.00"), ("2026-06-05", "2000.00"), ("2026-06-20", "4000.00"),
    ):  # fmt: skip
        make.ask(make.customer(arr), feature, asked_on=asked_on)
    return feature


class TestComparison:
    JUNE = "asked_since=2026-06-01&asked_until=2026-06-30&compare=previous"

    def test_a_row_says_how_many_more_customers_ask(self, desk: TestClient, grown: Feature) -> None:
        found = row(desk.get(f"/demand?{self.JUNE}").text, grown.title)

        assert 'title="2 in the period, 1 before">+1<' in found
        assert 'title="$6,000 in the period, $1,000 before">+$5k<' in found

    def test_it_says_what_is_compared_with_what(self, desk: TestClient, grown: Feature) -> None:
        page = desk.get(f"/demand?{self.JUNE}").text
        said = re.findall(r'<time datetime="([^"]+)"', page.split("Asked from")[1])[:4]

        assert said == ["2026-06-01", "2026-06-30", "2026-05-02", "2026-05-31"]

    def test_what_nobody_asks_for_any_more_is_listed_with_its_loss(
        self, desk: TestClient, make: Make
    ) -> None:
        make.ask(make.customer(), make.feature(title="Fax"), asked_on="2026-05-10")

        found = row(desk.get(f"/demand?{self.JUNE}").text, "Fax")

        assert 'title="0 in the period, 1 before">\N{MINUS SIGN}1<' in found

    def test_without_dates_the_last_ninety_days_are_compared(
        self, desk: TestClient, make: Make
    ) -> None:
        today, feature = utc_today(), make.feature(title="Dark theme")
        for days in (0, 89, 90, 179, 180):
            make.ask(make.customer(), feature, asked_on=today - timedelta(days=days))

        found = row(desk.get("/demand?compare=previous").text, feature.title)

        assert 'title="2 in the period, 2 before">0<' in found

    def test_an_export_is_of_the_period(self, desk: TestClient, grown: Feature) -> None:
        page = desk.get(f"/demand?{self.JUNE}").text

        link = re.search(r'href="(/api/v1/demand\?[^"]+csv)"', page)

        assert link is not None
        assert "compare" not in link[1]
        assert ",2," in desk.get(link[1].replace("&amp;", "&")).text

    def test_a_period_with_nothing_before_it_is_told(self, desk: TestClient) -> None:
        answer = desk.get("/demand?asked_since=0001-01-02&compare=previous")

        assert answer.status_code == 422
        assert "asked_since" in answer.text


class TestEmpty:
    def test_it_says_to_log_the_first_ask(self, desk: TestClient) -> None:
        page = desk.get("/demand").text

        assert "Nobody has asked for anything yet" in page
        assert page.count('href="/asks/new"') == 2

    def test_a_viewer_is_not_told_to_log(self, browser_as: Browser) -> None:
        assert "/asks/new" not in browser_as(Role.viewer).get("/demand").text

    def test_untriaged_asks_are_pointed_at(self, desk: TestClient, make: Make) -> None:
        make.ask()

        assert "1 ask waits for triage" in desk.get("/demand").text

    def test_filters_that_let_nothing_pass_can_be_cleared(
        self, desk: TestClient, wanted: Feature
    ) -> None:
        page = desk.get("/demand?feature_status=shipped").text

        assert wanted.title not in page
        assert "Nothing fits these filters" in page
