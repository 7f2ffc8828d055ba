import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.auth import COOKIE
from models.user import Role
from services.settings import Settings
from tests.api.web.conftest import ACCEPT, Browser, link_for
from tests.factories import Make

PASSWORD = "correct horse battery"  # noqa: S105  # of nobody


class TestLink:
    def test_it_signs_in(self, visitor: TestClient, make: Make) -> None:
        link = link_for(make, make.user())

        answer = visitor.post(link)

        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert visitor.get("/demand").status_code == 200

    def test_it_works_once(self, visitor: TestClient, make: Make) -> None:
        link = link_for(make, make.user())
        visitor.post(link)
        visitor.cookies.clear()

        again = visitor.post(link)

        assert again.status_code == 401
        assert COOKIE not in again.cookies
        assert "does not work any more" in again.text

    def test_looking_does_not_spend_it(self, visitor: TestClient, make: Make) -> None:
        link = link_for(make, make.user())
        looked = visitor.get(link)

        answer = visitor.post(link)

        assert looked.status_code == 200
        assert COOKIE not in looked.cookies
        assert answer.status_code == 303

    def test_somebody_who_left_is_not_signed_in(self, visitor: TestClient, make: Make) -> None:
        user = make.user()
        link = link_for(make, user)
        user.active = False
        make.session.add(user)
        make.session.commit()

        answer = visitor.post(link)

        assert answer.status_code == 401


class TestCookie:
    def test_scripts_cannot_read_it(self, visitor: TestClient, make: Make) -> None:
        link = link_for(make, make.user())

        answer = visitor.post(link)

        set_cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in set_cookie
        assert "samesite=lax" in set_cookie
        assert "path=/" in set_cookie
        assert "secure" not in set_cookie

    def test_it_is_secure_where_the_service_is(self, settings: Settings, make: Make) -> None:
        secure = settings.model_copy(update={"public_url": "https://nomaybe.example"})
        link = link_for(make, make.user())

        with TestClient(create_app(secure), headers=ACCEPT, follow_redirects=False) as visitor:
            answer = visitor.post(link)

        assert "secure" in answer.headers["set-cookie"].lower()


class TestPassword:
    def test_it_signs_in_and_goes_where_one_wanted(self, visitor: TestClient, make: Make) -> None:
        make.user(email="kim@nomaybe.example", password=PASSWORD)
        form = {"email": "Kim@nomaybe.example", "password": PASSWORD, "next": "/asks?show=all"}

        answer = visitor.post("/sign-in", data=form)

        assert (answer.status_code, answer.headers["location"]) == (303, "/asks?show=all")
        assert visitor.get("/asks").status_code == 200

    def test_a_wrong_one_is_told_and_the_email_kept(self, visitor: TestClient, make: Make) -> None:
        make.user(email="kim@nomaybe.example", password=PASSWORD)
        form = {"email": "kim@nomaybe.example", "password": "something else", "next": "/"}

        answer = visitor.post("/sign-in", data=form)

        assert answer.status_code == 401
        assert "Wrong e-mail or password" in answer.text
        assert 'value="kim@nomaybe.example"' in answer.text
        assert COOKIE not in answer.cookies

    @pytest.mark.parametrize("email", ["", "no address", "a@b.c\x00", "ü" * 300])
    def test_an_email_that_is_none_is_told_alike(self, visitor: TestClient, email: str) -> None:
        answer = visitor.post("/sign-in", data={"email": email, "password": "x", "next": "/"})

        assert answer.status_code in {401, 422}
        assert COOKIE not in answer.cookies

    def test_an_address_has_ten_tries_a_minute(self, visitor: TestClient) -> None:
        form = {"email": "", "password": "", "next": "/"}
        tries = [visitor.post("/sign-in", data=form).status_code for _ in range(10)]

        one_more = visitor.post("/sign-in", data=form)

        assert tries == [401] * 10
        assert one_more.status_code == 429
        assert int(one_more.headers["retry-after"]) <= 60
        assert "Try again in" in one_more.text


class TestNext:
    @pytest.mark.parametrize(
        "elsewhere",
        [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example/",
            "/\t/evil.example/",
            "\\\\evil.example",
            "javascript:alert(1)",
            "evil.example",
            "/ok\r\nLocation: https://evil.example/",
        ],
    )
    def test_it_cannot_leave_the_site(
        self, visitor: TestClient, make: Make, elsewhere: str
    ) -> None:
        make.user(email="kim@nomaybe.example", password=PASSWORD)
        form = {"email": "kim@nomaybe.example", "password": PASSWORD, "next": elsewhere}

        answer = visitor.post("/sign-in", data=form)

        assert (answer.status_code, answer.headers["location"]) == (303, "/")

    def test_the_form_does_not_carry_it_either(self, visitor: TestClient) -> None:
        answer = visitor.get("/sign-in", params={"next": "//evil.example/"})

        assert "evil.example" not in answer.text

    def test_whoever_is_signed_in_goes_there_at_once(self, desk: TestClient) -> None:
        answer = desk.get("/sign-in", params={"next": "/asks"})

        assert answer.headers["location"] == "/asks"


class TestSignedOut:
    def test_a_page_leads_to_the_door_and_back(self, visitor: TestClient) -> None:
        answer = visitor.get("/asks?show=all&q=SSO")

        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=/asks%3Fshow%3Dall%26q%3DSSO"

    def test_a_form_leads_back_to_the_page_that_it_stood_on(self, visitor: TestClient) -> None:
        page = "http://testserver/asks?show=untriaged"

        answer = visitor.post("/sign-out-everywhere", headers={"Referer": page})

        assert answer.headers["location"] == "/sign-in?next=/asks%3Fshow%3Duntriaged"

    @pytest.mark.parametrize("page", ["", "http://evil.example/asks", "//x", "http://[bad"])
    def test_a_form_of_nowhere_leads_back_to_its_own_address(
        self, visitor: TestClient, page: str
    ) -> None:
        answer = visitor.post("/asks/new", headers={"Referer": page})

        assert answer.headers["location"] == "/sign-in?next=/asks/new"

    def test_the_start_leads_to_the_door(self, visitor: TestClient) -> None:
        assert visitor.get("/").headers["location"] == "/sign-in"

    def test_a_session_that_ended_leads_to_the_door(self, visitor: TestClient) -> None:
        visitor.cookies.set(COOKIE, "x" * 43)

        assert visitor.get("/demand").headers["location"] == "/sign-in?next=/demand"

    def test_programs_get_a_problem(self, visitor: TestClient) -> None:
        answer = visitor.get("/demand", headers={"Accept": "application/json"})

        assert answer.status_code == 401
        assert answer.json()["type"] == "/problems/not-signed-in"


class TestSignOut:
    def test_the_session_is_gone(self, desk: TestClient) -> None:
        token = desk.cookies[COOKIE]

        answer = desk.post("/sign-out")
        desk.cookies.set(COOKIE, token)

        assert answer.headers["location"] == "/sign-in"
        assert desk.get("/demand").status_code == 303

    def test_twice_is_no_error(self, visitor: TestClient) -> None:
        assert visitor.post("/sign-out").headers["location"] == "/sign-in"


class TestSignOutEverywhere:
    def test_every_browser_of_the_person_and_no_other(
        self, browser_as: Browser, make: Make
    ) -> None:
        user = make.user()
        here, elsewhere = browser_as(Role.se, user), browser_as(Role.se, user)
        other = browser_as(Role.se)

        here.post("/sign-out-everywhere")

        found = [each.get("/demand").status_code for each in (here, elsewhere, other)]
        assert found == [303, 303, 200]


class TestOwnPassword:
    def test_it_signs_in_from_then_on(self, browser_as: Browser, make: Make) -> None:
        user = make.user(email="kim@nomaybe.example")
        browser = browser_as(Role.se, user)
        browser.post("/password", data={"password": PASSWORD, "again": PASSWORD})
        browser.post("/sign-out")

        answer = browser.post("/sign-in", data={"email": user.email, "password": PASSWORD})

        assert answer.status_code == 303

    def test_this_browser_stays_and_others_are_signed_out(
        self, browser_as: Browser, make: Make
    ) -> None:
        user = make.user()
        here, elsewhere = browser_as(Role.se, user), browser_as(Role.se, user)

        here.post("/password", data={"password": PASSWORD, "again": PASSWORD})

        assert here.get("/demand").status_code == 200
        assert elsewhere.get("/demand").status_code == 303

    def test_the_day_begins_where_it_does_after_signing_in(self, desk: TestClient) -> None:
        answer = desk.post("/password", data={"password": PASSWORD, "again": PASSWORD})

        assert answer.headers["location"] == "/asks?mine=yes&notice=password"
        assert "Your password is set" in desk.get(answer.headers["location"]).text

    @pytest.mark.parametrize(
        ("password", "again", "said"),
        [
            ("short", "short", "needs 12 to 200 characters, has 5"),
            ("x" * 201, "x" * 201, "has 201"),
            (PASSWORD, PASSWORD + "!", "is not the same as the first"),
        ],
    )
    def test_a_bad_one_is_refused(
        self, desk: TestClient, password: str, again: str, said: str
    ) -> None:
        answer = desk.post("/password", data={"password": password, "again": again})

        assert answer.status_code == 422
        assert said in answer.text
        assert password not in answer.text


class TestCrossSite:
    @pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/password", "/asks/new"])
    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
        ],
    )
    def test_a_form_of_another_site_is_refused(
        self, desk: TestClient, path: str, headers: dict[str, str]
    ) -> None:
        answer = desk.post(path, data={"title": "SSO"}, headers=headers)

        assert answer.status_code == 403
        assert "Sent by another site" in answer.text

    def test_a_link_is_not_spent_by_one(self, visitor: TestClient, make: Make) -> None:
        link = link_for(make, make.user())
        visitor.post(link, headers={"Sec-Fetch-Site": "cross-site"})

        answer = visitor.post(link, headers={"Sec-Fetch-Site": "same-origin"})

        assert answer.status_code == 303
