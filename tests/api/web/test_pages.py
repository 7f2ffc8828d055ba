"""What holds for every page."""

import hashlib
import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.problems import all_errors
from api.web import assets, pages
from api.web.templating import POLICY
from models.user import Role
from services.errors import Invalid, invalid
from tests.api.web.conftest import Browser
from tests.factories import Make

OWN_SCRIPT = re.compile(r'<script defer src="/static/[\w.]+\.js"></script>')
NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
OPEN = ["/sign-in", "/sign-in/some-token", "/problems", "/problems/stale", "/docs", "/docs/asks"]
CLOSED = ["/demand", "/asks", "/asks?show=all", "/asks/new", "/password"]


@pytest.fixture
def filled(make: Make) -> str:
    """A database in which every text is nasty; the path of the ask in it."""
    product = make.product(name=NASTY)
    feature = make.feature(title=NASTY, area=NASTY[:60], product_id=product.id, shareable=True)
    account = make.customer(name=NASTY)
    ask = make.ask(
        account, feature, title=NASTY, verbatim=NASTY, why=NASTY, contact={"name": NASTY}
    )
    make.response(ask, message=f"No: {NASTY} is not in our plan.")
    make.ask(account, title=NASTY, product_id=product.id)
    return f"/asks/{ask.id}"


class TestEveryPage:
    @pytest.mark.parametrize("path", OPEN)
    def test_an_open_one_needs_nobody(self, visitor: TestClient, path: str) -> None:
        answer = visitor.get(path)

        assert answer.status_code == 200
        assert answer.headers["content-security-policy"] == POLICY

    @pytest.mark.parametrize("path", CLOSED)
    def test_a_closed_one_needs_somebody(self, visitor: TestClient, path: str) -> None:
        answer = visitor.get(path)

        assert (answer.status_code, answer.headers["location"][:14]) == (303, "/sign-in?next=")

    @pytest.mark.parametrize("path", [*OPEN[1:], *CLOSED, "/nothing/here", "ask"])
    def test_its_policy_is_strict_and_it_keeps_to_it(
        self, browser_as: Browser, filled: str, path: str
    ) -> None:
        answer = browser_as(Role.admin).get(filled if path == "ask" else path)

        assert answer.headers["content-security-policy"] == POLICY
        rest = OWN_SCRIPT.sub("", answer.text)
        assert not re.search(r"<script|<style|\sstyle=|\shx-on|\son[a-z]+=\"", rest)
        assert not re.search(r"(src|href|action)=\"(https?:)?//", answer.text)

    @pytest.mark.parametrize("path", ["/demand", "/asks?show=all", "/asks/new", "ask"])
    def test_what_people_wrote_is_text(self, browser_as: Browser, filled: str, path: str) -> None:
        answer = browser_as(Role.admin).get(filled if path == "ask" else path)

        assert answer.status_code == 200
        assert "&lt;script&gt;alert(1)" in answer.text
        assert "<script" not in OWN_SCRIPT.sub("", answer.text)
        assert "<img" not in answer.text

    @pytest.mark.parametrize("path", [*OPEN, *CLOSED, "ask"])
    def test_it_is_small_and_has_one_heading(
        self, browser_as: Browser, visitor: TestClient, filled: str, path: str
    ) -> None:
        browser = visitor if path == "/sign-in" else browser_as(Role.admin)

        answer = browser.get(filled if path == "ask" else path)

        assert len(answer.content) < 150_000
        assert answer.text.count("<h1") == 1
        assert '<html lang="en">' in answer.text

    def test_it_is_not_kept_by_browsers(self, desk: TestClient) -> None:
        assert desk.get("/demand").headers["cache-control"] == "no-store"

    def test_our_own_forms_say_where_they_come_from(self, desk: TestClient) -> None:
        """Under `no-referrer` a browser sends `Origin: null`, which we refuse."""
        assert desk.get("/asks").headers["Referrer-Policy"] == "same-origin"


class TestAssets:
    def test_htmx_is_the_one_that_its_note_names(self) -> None:
        note = (assets.FOLDER / "htmx.txt").read_text(encoding="utf-8")

        digest = hashlib.sha256((assets.FOLDER / "htmx.min.js").read_bytes()).hexdigest()

        assert f"sha256 {digest}\n" in note

    def test_a_script_is_served_as_one(self, visitor: TestClient) -> None:
        answer = visitor.get(assets.address("htmx.min.js"))

        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"

    def test_whoever_is_not_signed_in_gets_no_script(self, visitor: TestClient) -> None:
        assert "<script" not in visitor.get("/sign-in").text

    @pytest.mark.parametrize("kind", ["css", "svg"])
    def test_they_are_kept_for_ever_under_names_of_their_content(
        self, visitor: TestClient, kind: str
    ) -> None:
        name = re.search(
            rf'href="(/static/\w+\.[0-9a-f]{{12}}\.{kind})"', visitor.get("/docs").text
        )

        answer = visitor.get(name[1] if name else "")

        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert kind in answer.headers["content-type"]

    @pytest.mark.parametrize("name", ["style.css", "style.000000000000.css", "..%2fasks.py"])
    def test_another_name_is_not_there(self, visitor: TestClient, name: str) -> None:
        assert visitor.get(f"/static/{name}").status_code == 404

    def test_there_is_an_icon_where_no_page_names_one(self, visitor: TestClient) -> None:
        answer = visitor.get("/favicon.ico")

        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/svg+xml")


class TestErrors:
    def test_what_is_not_there_says_what_to_do(self, desk: TestClient) -> None:
        answer = desk.get("/nothing/here")

        assert answer.status_code == 404
        assert "What to do:" in answer.text
        assert 'href="/problems/not-found"' in answer.text

    def test_the_wrong_method_says_what_to_do(self, desk: TestClient) -> None:
        answer = desk.post("/demand")

        assert answer.status_code == 405
        assert "Only GET can be done here." in answer.text

    def test_a_failure_of_ours_tells_nothing_of_the_inside(
        self, app: FastAPI, desk: TestClient
    ) -> None:
        app.state.book = None

        answer = desk.get("/demand")

        assert answer.status_code == 500
        assert "Something broke on our side" in answer.text
        assert "NoneType" not in answer.text
        assert "Request id" in answer.text


class TestProblems:
    def test_each_has_a_page(self, visitor: TestClient) -> None:
        slugs = [error.slug for error in all_errors()]

        found = {slug: visitor.get(f"/problems/{slug}").status_code for slug in slugs}

        assert found == dict.fromkeys(slugs, 200)

    def test_a_page_says_what_it_means_and_what_to_do(self, visitor: TestClient) -> None:
        page = visitor.get("/problems/hedged-message").text

        assert "a hedge is heard as a maybe" in page
        assert "<code>hedge_override</code>" in page
        assert "422" in page

    def test_the_list_leads_to_each(self, visitor: TestClient) -> None:
        page = visitor.get("/problems").text

        assert all(f'href="/problems/{error.slug}"' in page for error in all_errors())

    def test_an_unknown_one_is_not_there(self, visitor: TestClient) -> None:
        assert visitor.get("/problems/nothing").status_code == 404


class TestDocs:
    def test_every_operation_is_explained(self, app: FastAPI, visitor: TestClient) -> None:
        schema = app.openapi()
        tags = {
            operation["tags"][0] for item in schema["paths"].values() for operation in item.values()
        }

        every = "".join(visitor.get(f"/docs/{tag}").text for tag in tags)

        assert all(f"<code>{path}</code>" in every for path in schema["paths"])

    def test_every_link_within_a_page_arrives(self, app: FastAPI, visitor: TestClient) -> None:
        page = visitor.get("/docs/asks").text

        links = set(re.findall(r'href="#([^"]+)"', page))

        assert {"AskNew", "AskSeen", "Problem"} - {"Problem"} <= links
        assert links <= set(re.findall(r'id="([^"]+)"', page))

    def test_limits_and_meanings_are_said(self, visitor: TestClient) -> None:
        page = visitor.get("/docs/asks").text

        assert "at most 200 characters" in page
        assert "The customer&#39;s own words." in page

    def test_problems_are_linked(self, visitor: TestClient) -> None:
        assert 'href="/problems/hedged-message"' in visitor.get("/docs/responses").text

    def test_an_unknown_part_is_not_there(self, visitor: TestClient) -> None:
        assert visitor.get("/docs/nothing").status_code == 404


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("/asks?show=all", "/asks?show=all"),
        ("/", "/"),
        ("", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a b", "/"),
        ("/" + "x" * 3000, "/"),
    ],
)
def test_own_path_is_a_path_of_ours(wanted: str, found: str) -> None:
    assert pages.own_path(wanted) == found


class TestForm:
    def test_bytes_that_are_no_text_do_not_pass_as_such(self) -> None:
        form = pages.read_form(b"title=%ff%fe&why=a%0D%0Ab")

        assert form.get("title") == "\ufffd\ufffd"
        assert form.get("why") == "a\nb"

    def test_the_last_of_several_values_counts(self) -> None:
        form = pages.read_form(b"a=1&a=2")

        assert (form.get("a"), form.all("a"), form.get("b")) == ("2", ["1", "2"], "")

    @pytest.mark.parametrize("body", [b"a=%00", b"%00=a"])
    def test_nul_is_refused(self, body: bytes) -> None:
        with pytest.raises(Invalid, match=r"U\+0000"):
            pages.read_form(body)

    def test_a_fault_finds_its_field(self) -> None:
        error = invalid("contact.email", "is no e-mail address")

        assert pages.by_field(error, ["contact_email"]) == {"contact_email": "is no e-mail address"}

    def test_a_fault_without_a_field_goes_to_the_rest(self) -> None:
        error = invalid("opportunity_id", "is unknown")

        assert pages.by_field(error, ["title"], rest="title") == {"title": "is unknown"}
        assert pages.by_field(error, ["title"]) == {}
