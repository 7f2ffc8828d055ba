"""The roadmap, one feature, and what a PM does to it."""

from datetime import date

from fastapi.testclient import TestClient

from models.feature import Feature
from tests.factories import Make


class TestRoadmap:
    def test_a_feature_stands_in_the_lane_of_its_status(
        self, office: TestClient, make: Make
    ) -> None:
        make.planned(title="Dark theme")

        page = office.get("/roadmap").text

        lane = page.split('id="lane-planned"')[1].split("</section>")[0]
        assert "Dark theme" in lane
        assert "1 Mar 2100" in lane

    def test_what_nobody_asked_for_is_there_too(self, office: TestClient, make: Make) -> None:
        make.feature(title="Dark theme")

        assert "Nobody asked yet" in office.get("/roadmap").text

    def test_of_one_product(self, office: TestClient, make: Make) -> None:
        make.feature(title="Dark theme")
        other = make.product(name="Other")

        assert "Dark theme" not in office.get(f"/roadmap?product_id={other.id}").text

    def test_of_a_title(self, office: TestClient, make: Make) -> None:
        make.feature(title="Dark theme")
        make.feature(title="Audit log")

        page = office.get("/roadmap?q=DARK").text

        assert "Dark theme" in page
        assert "Audit log" not in page

    def test_a_word_in_no_title_is_no_empty_roadmap(self, office: TestClient, make: Make) -> None:
        make.feature(title="Dark theme")

        assert "Nothing fits" in office.get("/roadmap?q=offline").text

    def test_a_long_lane_opens_onto_the_whole_of_it(self, office: TestClient, make: Make) -> None:
        for number in range(13):
            make.feature(title=f"Wish {number}")

        short = office.get("/roadmap").text
        whole = office.get("/roadmap?status=candidate").text

        assert short.count("lane-card") == 12
        assert 'href="/roadmap?status=candidate"' in short
        assert whole.count("lane-card") == 13

    def test_a_card_says_whose_product_where_there_are_two(
        self, office: TestClient, make: Make
    ) -> None:
        make.feature(product_id=make.product(name="Atlas").id)
        make.product(name="Borealis")

        lanes = office.get("/roadmap").text.split('class="roadmap"')[1]

        assert "Atlas" in lanes

    def test_an_empty_one_says_what_a_feature_is(self, office: TestClient) -> None:
        assert "No feature yet" in office.get("/roadmap").text


class TestFeature:
    def test_the_words_of_the_customer_are_the_evidence(self, desk: TestClient, make: Make) -> None:
        feature = make.feature()
        make.ask(make.customer(name="Acme"), feature, verbatim="White burns our eyes.")

        page = desk.get(f"/features/{feature.id}").text

        assert "White burns our eyes." in page
        assert "Acme" in page

    def test_the_share_of_a_segment_has_its_interval(self, desk: TestClient, make: Make) -> None:
        feature = make.feature()
        make.ask(make.customer(segment="enterprise"), feature)

        page = desk.get(f"/features/{feature.id}").text

        assert "1 of 1" in page
        assert "100 % (21\N{EN DASH}100)" in page  # Wilson's interval of one of one

    def test_its_promises_are_shown(self, desk: TestClient, make: Make) -> None:
        feature = make.planned()
        make.response(make.ask(make.customer(name="Acme"), feature), kind="yes", basis="committed")

        assert "Open promises" in desk.get(f"/features/{feature.id}").text

    def test_its_answers_say_who_gave_them(self, desk: TestClient, make: Make) -> None:
        feature = make.feature()
        make.response(make.ask(make.customer(name="Acme"), feature))

        page = desk.get(f"/features/{feature.id}").text

        given = page.split('id="answers"')[1].split("</section>")[0]
        assert "Acme" in given
        assert "not planned" in given
        assert "not told" in given

    def test_it_says_how_far_the_bar_is(self, desk: TestClient, make: Make) -> None:
        worth = {"amount": "10000.00", "currency": "USD"}
        feature = make.feature(demand_bar={"accounts": 4, "arr": worth})
        make.ask(make.customer("5000.00"), feature)

        page = desk.get(f"/features/{feature.id}").text

        assert "1 of 4" in page
        assert "$5,000 of $10,000" in page
        assert "Not reached" in page

    def test_a_bar_of_other_money_is_measured_in_it(self, desk: TestClient, make: Make) -> None:
        worth = {"amount": "10000.00", "currency": "EUR"}
        feature = make.feature(demand_bar={"accounts": None, "arr": worth})
        arr = {"amount": "2500.00", "currency": "EUR"}
        make.ask(make.account(lifecycle="customer", arr=arr), feature)

        assert "€2,500 of €10,000" in desk.get(f"/features/{feature.id}").text

    def test_it_says_when_the_bar_was_reached(self, desk: TestClient, make: Make) -> None:
        feature = make.feature(demand_bar={"accounts": 1, "arr": None})
        make.ask(make.customer(), feature)

        page = desk.get(f"/features/{feature.id}").text

        assert "Reached on" in page
        assert "with 1 live customer" in page

    def test_nobody_asked(self, desk: TestClient, make: Make) -> None:
        assert "Nobody asked for it yet" in desk.get(f"/features/{make.feature().id}").text

    def test_an_se_is_shown_no_buttons_of_a_pm(self, desk: TestClient, make: Make) -> None:
        assert "/edit" not in desk.get(f"/features/{make.feature().id}").text


class TestForms:
    def test_a_new_one_is_made(self, office: TestClient, make: Make) -> None:
        product = make.product()

        answer = office.post(
            "/features/new", data={"product_id": str(product.id), "title": "Dark theme"}
        )

        assert answer.status_code == 303
        assert "Dark theme" in office.get(answer.headers["location"]).text

    def test_without_a_title_it_is_not(self, office: TestClient, make: Make) -> None:
        answer = office.post(
            "/features/new", data={"product_id": str(make.product().id), "area": "interface"}
        )

        assert answer.status_code == 422
        assert "is needed" in answer.text
        assert "interface" in answer.text

    def test_an_emptied_field_is_forgotten(self, office: TestClient, make: Make) -> None:
        feature = make.feature(area="interface")

        office.post(f"/features/{feature.id}/edit", data={"title": "Dark theme", "area": ""})

        make.session.expire_all()
        kept = make.session.get_one(Feature, feature.id)
        assert (kept.title, kept.area) == ("Dark theme", None)

    def test_a_bar_is_set(self, office: TestClient, make: Make) -> None:
        feature = make.feature()
        data = {"title": "Dark theme", "bar_amount": "250,000", "bar_currency": "USD"}

        office.post(f"/features/{feature.id}/edit", data=data | {"bar_accounts": "10"})

        make.session.expire_all()
        bar = make.session.get_one(Feature, feature.id).demand_bar
        assert bar is not None
        assert bar.arr is not None
        assert (bar.accounts, bar.arr.amount) == (10, "250000.00")

    def test_why_its_bar_changed_is_kept_and_shown(self, office: TestClient, make: Make) -> None:
        feature = make.feature(title="Dark theme", demand_bar={"accounts": 3})
        data = {"title": "Dark theme", "bar_accounts": "8", "bar_reason": "It is dear to build."}

        office.post(f"/features/{feature.id}/edit", data=data)

        page = office.get(f"/features/{feature.id}").text
        assert "From 3 live customers to 8 live customers: <q>It is dear to build.</q>" in page

    def test_a_reason_without_a_change_comes_back(self, office: TestClient, make: Make) -> None:
        feature = make.feature(title="Dark theme", demand_bar={"accounts": 3})
        data = {"title": "Dark theme", "bar_accounts": "3", "bar_reason": "It is dear to build."}

        answer = office.post(f"/features/{feature.id}/edit", data=data)

        assert answer.status_code == 422
        assert 'id="fault-bar_reason"' in answer.text
        assert "It is dear to build." in answer.text

    def test_a_bar_is_a_number(self, office: TestClient, make: Make) -> None:
        answer = office.post(
            f"/features/{make.feature().id}/edit", data={"title": "X", "bar_accounts": "many"}
        )

        assert answer.status_code == 422
        assert "is no whole number" in answer.text

    def test_what_another_changed_meanwhile_is_not_overwritten(
        self, office: TestClient, make: Make
    ) -> None:
        feature = make.feature(title="Dark theme")
        form = {"title": "Night theme", "version": "1"}
        office.post(f"/features/{feature.id}/edit", data=form)

        answer = office.post(f"/features/{feature.id}/edit", data=form | {"title": "Dim theme"})

        make.session.expire_all()
        assert answer.status_code == 422
        assert "Dim theme" in answer.text
        assert make.session.get_one(Feature, feature.id).title == "Night theme"


class TestMerge:
    def test_first_it_says_what_comes_together(self, office: TestClient, make: Make) -> None:
        gone, acme = make.feature(title="Night mode"), make.customer(name="Acme")
        stays = make.feature(title="Dark theme", product_id=gone.product_id)
        make.ask(acme, gone)
        make.ask(acme, stays)
        make.ask(make.account(), stays)

        page = office.get(f"/features/{gone.id}/merge?into={stays.id}").text

        assert "1 ask of 1 customer and 0 prospects" in page
        assert "2 asks of 1 customer and 1 prospect" in page
        assert "3 asks of 1 customer and 1 prospect" in page

    def test_it_says_first_whose_promises_the_later_target_breaks(
        self, office: TestClient, make: Make
    ) -> None:
        gone = make.planned(date(2027, 3, 1))
        later = make.planned(date(2028, 3, 1), product_id=gone.product_id)
        sooner = make.planned(date(2027, 2, 1), product_id=gone.product_id)
        ask = make.ask(make.customer("5000.00", name="Acme"), gone)
        said = {"contractual": True, "message": "Yes: it ships on 1 March 2027."}
        make.response(ask, kind="yes", basis="committed", **said)

        page = office.get(f"/features/{gone.id}/merge?into={later.id}").text
        harmless = office.get(f"/features/{gone.id}/merge?into={sooner.id}").text

        assert "1 promise would be late" in page
        assert "<q>Yes: it ships on 1 March 2027.</q>" in page
        assert "Merge all the same" in page
        assert "would be late" not in harmless

    def test_into_one_of_another_product_says_so(self, office: TestClient, make: Make) -> None:
        feature = make.feature()
        other = make.feature(product_id=make.product(name="Other").id)

        answer = office.get(f"/features/{feature.id}/merge?into={other.id}")

        assert "no other feature" in answer.text

    def test_its_notice_takes_it_back(self, office: TestClient, make: Make) -> None:
        gone = make.feature(title="Night mode")
        stays = make.feature(product_id=gone.product_id)

        answer = office.post(f"/features/{gone.id}/merge", data={"into": str(stays.id)})
        page = office.get(answer.headers["location"]).text

        notice = page.split('class="notice good"')[1].split("</form>")[0]
        assert f'action="/features/{gone.id}/unmerge"' in notice

    def test_its_asks_count_for_the_other_and_back(self, office: TestClient, make: Make) -> None:
        gone = make.feature(title="Night mode")
        stays = make.feature(title="Dark theme", product_id=gone.product_id)
        make.ask(make.customer(name="Acme"), gone)

        answer = office.post(f"/features/{gone.id}/merge", data={"into": str(stays.id)})
        merged = office.get(answer.headers["location"]).text
        office.post(f"/features/{gone.id}/unmerge")
        apart = office.get(f"/features/{stays.id}").text

        assert "Acme" in merged
        assert "Take back" in merged
        assert "Acme" not in apart

    def test_the_other_must_be_chosen(self, office: TestClient, make: Make) -> None:
        feature = make.feature()
        make.feature(product_id=feature.product_id)

        answer = office.post(f"/features/{feature.id}/merge", data={"into": ""})

        assert answer.status_code == 422
        assert "choose the feature" in answer.text
