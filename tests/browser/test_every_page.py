"""Every page, and what opens on it: axe finds nothing, nothing jumps, nothing is too wide."""

from collections.abc import Callable
from importlib.resources import files
from typing import Literal

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect

from api.auth import COOKIE
from models.user import Role
from services import sign_in
from tests.browser.conftest import SECONDS, WATCH, Enter
from tests.browser.hands import Hand, Keys
from tests.factories import Make
from tests.senders import sender

pytestmark = [pytest.mark.browser, pytest.mark.once]

FOR_NOBODY = (
    "/sign-in", "/sign-in/spent", "/docs", "/docs/asks", "/problems", "/problems/hedged-message",
)  # fmt: skip
FROM_NOTHING = ("/welcome", "/demand", "/asks", "/asks/new", "/roadmap", "/promises", "/inbox")
PAGES = (
    "/welcome", "/demand", "/demand?segment=smb&compare=previous", "/asks", "/asks?show=untriaged",
    "/asks?show=waiting&mine=yes&triaged=yes", "/asks?show=not_told", "/asks?q=nothing",
    "/asks/new", "/roadmap", "/roadmap?status=candidate", "/features/new",
    "/accounts", "/accounts/new", "/promises", "/inbox", "/inbox?show=all", "/password",
    "/admin/products", "/admin/users", "/admin/keys", "/admin/connectors", "/search", "/debts",
    "/contradictions", "/digest",
    "/search?q=audit", "/styleguide", "/nowhere", "/asks?show=nonsense",
)  # fmt: skip
STILL = """() => new Promise(done =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""
TOO_WIDE = "document.scrollingElement.scrollWidth > innerWidth"
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RUN = """async () => {
  const done = await axe.run(document, {resultTypes: ["violations"]});
  const where = each => each.nodes.slice(0, 3).map(node => node.html.slice(0, 120)).join("; ");
  return done.violations.map(each => `${location.pathname} ${each.id}: ${where(each)}`);
}"""
# All that moves, also what follows a key at once: then one looks at the next field already.
MOVED = """() => {
  window.moved = [];
  new PerformanceObserver(list => window.moved.push(...list.getEntries().map(shift =>
    `${shift.value} ${shift.sources.map(each => each.node?.id || each.node?.className)}`
  ))).observe({type: "layout-shift"});
}"""
LONG = "An audit log of every change that anybody makes, for the auditors of banks"


def dialog_of_keys(page: Page) -> None:
    page.goto("/asks")
    expect(page.locator("[data-keys]")).not_to_have_attribute("hidden", "")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def own_menu(page: Page) -> None:
    page.goto("/asks")
    page.locator(".me summary").click()


def similar_features(page: Page) -> None:
    page.goto("/asks/new")
    page.get_by_label("Account").fill("Acme")
    page.get_by_label("What do they ask for?").fill("audit log")
    expect(page.locator("[data-pick]").first).to_be_visible()
    page.locator("[data-pick]").first.click()
    expect(page.locator("#known")).to_contain_text("Customer")


def refused_ask(page: Page) -> None:
    page.goto("/asks/new")
    page.get_by_role("button", name="Log the ask").click()
    expect(page.get_by_role("alert")).to_be_visible()


def filters_of_demand(page: Page) -> None:
    page.goto("/demand?segment=smb&sort=blockers")
    page.locator("summary", has_text="Filter").click()
    page.locator("summary", has_text="Save this view").click()


def made_key(page: Page) -> None:
    page.goto("/admin/keys")
    page.get_by_label("What is it for?").fill("Weekly export")
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("status")).to_contain_text("nmk_")


def key_to_revoke(page: Page) -> None:
    page.goto("/admin/keys")
    page.get_by_role("link", name="Revoke").first.click()
    expect(page.get_by_role("button", name="Revoke it")).to_be_visible()


def promise_to_release(page: Page) -> None:
    page.goto("/promises")
    page.get_by_role("link", name="Release what").click()
    expect(page.get_by_role("button", name="Release it")).to_be_visible()


def invited_person(page: Page) -> None:
    page.goto("/admin/users")
    page.get_by_role("button", name="Sign-in link for").first.click()
    expect(page.get_by_role("status")).to_be_visible()


STATES = (
    dialog_of_keys, own_menu, refused_ask, similar_features, filters_of_demand, made_key,
    key_to_revoke, promise_to_release, invited_person,
)  # fmt: skip


def furnished(make: Make, boss: TestClient) -> list[str]:
    """The addresses of what is on file once there is something of everything."""
    feature = make.feature(title=LONG, demand_bar={"accounts": 2, "arr": None}, shareable=True)
    others = [
        make.feature(title=f"{LONG}, part {number}", shareable=True) for number in range(1, 5)
    ]
    acme = make.customer(name="Acme", domain="acme.example", segment="smb", industry="Banking")
    make.opportunity(acme, name="Renewal")
    ask = make.ask(acme, feature, verbatim="We need it.", importance="blocker")
    debt = make.ask(acme, title=LONG)
    answered = make.ask(make.customer(), make.planned())
    make.response(answered, kind="yes", basis="committed")
    outside = sender(boss)
    outside.deliver({"wish": "SSO", "account_domain": "acme.example", "account_name": "Acme"})
    into = f"/features/{feature.id}/merge?into={others[0].id}"
    return [
        *(f"/asks/{each.id}" for each in (ask, debt, answered)),
        f"/asks/{answered.id}?notice=answered",
        *(f"/accounts/{acme.id}{part}" for part in ("", "/edit", "/merge", "/brief")),
        *(f"/features/{feature.id}{part}" for part in ("", "/status", "/edit", "/merge")),
        into,
        f"/inbox/{outside.last()['id']}",
        f"/admin/connectors/{outside.connector['id']}",
        f"/admin/products/{feature.product_id}",
    ]


def hedged(address: str, kind: str) -> Callable[[Page], None]:
    """An answer of a kind whose words hedge, as they are marked while one types."""

    def state(page: Page) -> None:
        page.goto(address)
        page.get_by_label(kind, exact=True).check()
        page.locator(f"#message_{kind.lower()}").fill("We will look into it; it is on our radar.")
        expect(page.locator(f"#reading-{kind.lower()} mark").first).to_be_visible()

    return state


def refused_answer(address: str) -> Callable[[Page], None]:
    """An answer that was not taken."""

    def state(page: Page) -> None:
        hedged(address, "No")(page)
        page.get_by_role("button", name="Give this answer").click()
        expect(page.get_by_role("alert")).to_be_visible()

    return state


def opened(address: str) -> Callable[[Page], None]:
    """A page as it is loaded."""

    def state(page: Page) -> None:
        page.goto(address)

    return state


@pytest.mark.timeout(300)  # a hundred looks, on a machine that may be busy
@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (1280, "dark")])
def test_axe_finds_nothing_nothing_jumps_and_nothing_is_too_wide(
    chromium: Browser,
    app: FastAPI,
    port: int,
    make: Make,
    boss: TestClient,
    width: int,
    theme: Literal["light", "dark"],
) -> None:
    app.state.demo = True
    shifts: list[str] = []
    context = chromium.new_context(
        base_url=f"http://127.0.0.1:{port}",
        bypass_csp=True,
        color_scheme=theme,
        reduced_motion="reduce",
        viewport={"width": width, "height": 900},
    )
    context.set_default_timeout(SECONDS * 1000)
    context.expose_binding("shifted", lambda _source, said: shifts.append(said))
    context.add_init_script(WATCH)
    context.add_init_script(AXE)
    page = context.new_page()

    found: list[str] = []

    def look(*states: Callable[[Page], None]) -> None:
        for state in states:
            state(page)
            page.evaluate(STILL)
            found.extend(faults(page))

    look(*map(opened, FOR_NOBODY))
    token, _until = sign_in.open_session(make.session, make.user(Role.admin))
    make.session.commit()
    context.add_cookies([{"name": COOKIE, "value": token, "url": f"http://127.0.0.1:{port}"}])
    look(*map(opened, FROM_NOTHING))
    own = furnished(make, boss)
    look(*map(opened, [*PAGES, *own]), *STATES)
    look(*(hedged(own[0], kind) for kind in ("Yes", "No", "Ranked")), refused_answer(own[0]))
    context.close()

    assert [*found, *shifts] == []


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_jumps_while_one_types(
    chromium: Browser, port: int, make: Make, enter: Enter, boss: TestClient, width: int
) -> None:
    own = furnished(make, boss)
    context = chromium.new_context(
        base_url=f"http://127.0.0.1:{port}", viewport={"width": width, "height": 900}
    )
    context.set_default_timeout(SECONDS * 1000)
    page = context.new_page()
    enter(Keys(page), Role.se)
    keys = page.keyboard

    page.goto("/asks/new")
    page.get_by_label("Account").focus()
    page.evaluate(MOVED)
    keys.type("Acme")
    expect(page.get_by_label("Deal")).to_contain_text("Renewal")
    keys.press("Tab")
    keys.press("Tab")
    keys.type("audit log")
    expect(page.locator("[data-pick]")).to_have_count(5)
    keys.press("Tab")
    keys.press("Enter")
    page.evaluate(STILL)
    assert page.evaluate("window.moved") == []

    page.goto(own[0])
    message = page.locator("[id^=message_]:visible")
    message.fill("")
    page.evaluate(MOVED)
    message.focus()
    keys.type("No. We will look into it; it is on our radar.")
    button = page.get_by_role("button", name="Use the straight wording for on our radar")
    expect(button).to_be_visible()
    button.focus()
    page.evaluate(STILL)
    assert page.evaluate("window.moved") == []
    context.close()


def faults(page: Page) -> list[str]:
    """What axe finds, and whether one has to scroll sideways."""
    found = [f"{page.url} is too wide"] if page.evaluate(TOO_WIDE) else []
    return [*found, *page.evaluate(RUN)]


def test_the_tabs_of_an_se_fit_between_a_telephone_and_a_desk(
    chromium: Browser, port: int, enter: Enter
) -> None:
    context = chromium.new_context(base_url=f"http://127.0.0.1:{port}", bypass_csp=True)
    context.set_default_timeout(SECONDS * 1000)
    context.add_init_script(AXE)
    page = context.new_page()
    enter(Hand(page), Role.se)
    page.goto("/asks?mine=yes")

    found = []
    for width in (390, 740, 900, 1040, 1060, 1280):
        page.set_viewport_size({"width": width, "height": 700})
        found += [f"{width}: {fault}" for fault in faults(page)]
    context.close()

    assert found == []
