"""The way of an ask: logged, triaged and answered, by mouse, without scripts and by keys alone."""

from datetime import date

import pytest
from playwright.sync_api import Page, expect

from models.ask import AskNew
from models.user import Role, User
from services import asks
from services.users import caller_for, set_password
from tests.browser.conftest import Enter
from tests.browser.hands import Hand, Keys
from tests.factories import Make

pytestmark = pytest.mark.browser


def headed(page: Page, name: str) -> None:
    """Wait for a page by its heading."""
    expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible()


def said(page: Page, text: str) -> None:
    """Wait for what a page says of the deed."""
    expect(page.locator(".notice").first).to_contain_text(text)


def debt(make: Make, user: User, title: str) -> None:
    """An ask that a person has logged and nobody triaged."""
    account = make.account()
    new = AskNew(account={"id": account.id}, title=title, product_id=make.some_product())
    asks.log_ask(make.session, caller_for(user), make.policy, new)
    make.session.commit()


def test_an_ask_of_a_customer_is_logged_with_its_deal_and_answered_right_away(
    hand: Hand, make: Make, enter: Enter
) -> None:
    page = hand.page
    make.feature(title="Dark theme")
    acme = make.customer(name="Acme", domain="acme.example")
    make.opportunity(acme, name="Renewal")
    enter(hand, Role.se)
    page.goto(f"/accounts/{acme.id}")

    hand.press(page.locator("main").get_by_role("link", name="Log an ask").first)
    headed(page, "Log an ask")
    hand.choose(page.get_by_label("Deal"), "Renewal")
    hand.write(page.get_by_label("What do they ask for?"), "A dark theme, please")
    if hand.scripts:
        hand.press(page.get_by_role("button", name="Dark theme"))
        expect(page.get_by_label("Feature")).to_contain_text("Dark theme")
    else:
        hand.choose(page.get_by_label("Feature"), "Dark theme")
    hand.check(page.get_by_label("Blocker"))
    hand.write(page.get_by_label("The customer's own words"), "White burns our eyes at night.")
    hand.write(page.get_by_label("Who asked"), "Ada")
    hand.write(page.get_by_label("Their e-mail"), "ada@acme.example")
    hand.press(page.get_by_role("button", name="Log and answer"))

    headed(page, "A dark theme, please")
    expect(page.locator("main")).to_contain_text("Renewal")
    expect(page.get_by_text("White burns our eyes at night.")).to_be_visible()
    if hand.scripts:
        expect(page.locator("#answer [name=kind]:checked")).to_be_focused()
    hand.check(page.get_by_label("No", exact=True))
    hand.choose(page.locator("#basis-no"), "it is out of scope")
    hand.write(page.locator("#message_no"), "No: a dark theme is outside what we do.")
    hand.press(page.get_by_role("button", name="Give this answer"))
    said(page, "Answered.")
    expect(page.locator(".history")).to_contain_text("Out of scope")


def test_an_ask_of_a_new_account_outlives_a_reload_and_a_session_and_is_a_debt(
    hand: Hand, make: Make, enter: Enter
) -> None:
    page = hand.page
    make.product(name="Atlas")
    sam = make.user(Role.se, email="sam@nomaybe.example")
    set_password(make.session, caller_for(sam), "a very long password")
    enter(hand, sam)
    page.goto("/asks")

    hand.press(page.locator("header").get_by_role("link", name="Log an ask"), key="n")
    headed(page, "Log an ask")
    hand.write(page.get_by_label("Account"), "Globex")
    hand.write(page.get_by_label("Domain"), "globex.example")
    hand.write(page.get_by_label("What do they ask for?"), "An audit log")
    hand.check(page.get_by_label("Nice to have"))
    if hand.scripts:
        expect(page.locator("#known")).to_contain_text("Globex is made as a prospect")
        page.reload()
        expect(page.get_by_text("This is what you had typed before.")).to_be_visible()
        page.context.clear_cookies()
        hand.press(page.get_by_role("button", name="Log the ask"))
        headed(page, "Sign in")
        hand.write(page.get_by_label("E-mail"), "sam@nomaybe.example")
        hand.write(page.get_by_label("Password"), "a very long password")
        hand.press(page.get_by_role("button", name="Sign in"))
        headed(page, "Log an ask")
        expect(page.get_by_label("What do they ask for?")).to_have_value("An audit log")
        expect(page.get_by_label("Nice to have")).to_be_checked()
    hand.press(page.get_by_role("button", name="Log the ask"))

    headed(page, "An audit log")
    said(page, "Logged.")
    hand.press(page.get_by_role("link", name="My asks"))
    headed(page, "My asks")
    expect(page.get_by_role("row", name="An audit log")).to_contain_text("Due in")


def test_an_se_triages_many_takes_it_back_and_answers_from_the_list(
    hand: Hand, make: Make, enter: Enter
) -> None:
    page = hand.page
    make.feature(title="Audit log")
    make.ask(title="Somebody else's")
    sam = make.user(Role.se)
    for title in ("Audit trail", "Who did what", "Gift cards"):
        debt(make, sam, title)
    enter(hand, sam)
    page.goto("/asks")
    headed(page, "My asks")
    expect(page.get_by_text("Somebody else's")).to_have_count(0)

    hand.press(page.get_by_role("link", name="Not triaged"))
    expect(page.locator("#bulk")).to_be_visible()
    hand.tick(page.get_by_label("Triage: Audit trail"))
    hand.tick(page.get_by_label("Triage: Who did what"))
    hand.choose(page.get_by_label("Those ticked are for"), "Audit log", key="t")
    hand.press(page.get_by_role("button", name="Triage", exact=True))
    expect(page.get_by_text("2 triaged.")).to_be_visible()
    expect(page.get_by_role("link", name="Audit trail")).to_have_count(0)
    hand.press(page.get_by_role("button", name="Take it back"))
    expect(page.get_by_role("link", name="Audit trail")).to_be_visible()
    hand.press(page.get_by_role("link", name="Waiting"))
    expect(page.locator("#bulk")).to_have_count(0)
    answer(hand, "Gift cards")


def answer(hand: Hand, title: str) -> None:
    """Open an ask of the list, say no, and see that it is a debt no longer."""
    page = hand.page
    hand.open(page.get_by_role("link", name=title))
    headed(page, title)
    hand.check(page.get_by_label("No", exact=True))
    hand.press(page.get_by_role("button", name="Give this answer"))
    said(page, "Answered.")
    hand.press(page.get_by_role("link", name="My asks"))
    headed(page, "My asks")
    debts = page.get_by_role("table", name="Waiting for an answer")
    expect(debts).to_be_visible()
    expect(debts.get_by_role("link", name=title)).to_have_count(0)


def test_from_one_answer_one_goes_on_to_the_next_debt(hand: Hand, make: Make, enter: Enter) -> None:
    page = hand.page
    sam = make.user(Role.se)
    for title in ("Audit trail", "Gift cards"):
        debt(make, sam, title)
    enter(hand, sam)
    page.goto("/")
    headed(page, "My asks")

    hand.open(page.get_by_role("link", name="Audit trail"))
    headed(page, "Audit trail")
    hand.check(page.get_by_label("No", exact=True))
    hand.press(page.get_by_role("button", name="Give this answer"))
    said(page, "(1 left)")
    before = hand.strokes if isinstance(hand, Keys) else 0
    hand.press(page.get_by_role("status").get_by_role("link", name="Gift cards"))
    if isinstance(hand, Keys):
        assert hand.strokes - before == 2

    headed(page, "Gift cards")
    hand.check(page.get_by_label("No", exact=True))
    hand.press(page.get_by_role("button", name="Give this answer"))
    said(page, "Nothing waits for you.")


def test_a_yes_is_given_to_what_is_planned_and_the_customer_is_told(
    hand: Hand, make: Make, enter: Enter
) -> None:
    page = hand.page
    ask = make.ask(make.customer(), make.planned(date(2030, 3, 1), title="Dark theme"))
    enter(hand, Role.se)
    page.goto(f"/asks/{ask.id}")

    hand.check(page.get_by_label("Yes", exact=True))
    hand.choose(page.locator("#basis-yes"), "committed: a PM has planned it with a date")
    hand.write(page.locator("#message_yes"), "Yes, the dark theme ships by 1 March 2030.")
    hand.press(page.get_by_role("button", name="Give this answer"))
    said(page, "Answered.")
    hand.choose(page.get_by_label("How", exact=True), "Call")
    hand.press(page.get_by_role("button", name="Note it"))

    expect(page.locator(".history")).to_contain_text("told by call on")


def test_a_hedge_is_refused_and_the_straight_wording_taken(
    hand: Hand, make: Make, enter: Enter
) -> None:
    page = hand.page
    ask = make.ask(make.customer(), make.feature(title="Dark theme"))
    enter(hand, Role.se)
    page.goto(f"/asks/{ask.id}")

    hand.check(page.get_by_label("No", exact=True))
    hand.choose(page.locator("#basis-no"), "it is out of scope")
    if hand.scripts:
        said_for_it = "No: \u201cDark theme\u201d is outside what this product does."
        expect(page.locator("#message_no")).to_have_value(said_for_it)
    hand.write(page.locator("#message_no"), "No. It is on our radar.")
    if hand.scripts:
        expect(page.locator("#reading-no mark").first).to_be_visible()
    hand.press(page.get_by_role("button", name="Give this answer"))
    expect(page.get_by_role("alert")).to_contain_text("on our radar")
    message, reason = page.locator("#message_no"), "it is outside what we do"
    if hand.scripts:
        hand.press(page.get_by_role("button", name="Use the straight wording for on our radar"))
        expect(message).to_be_focused()
        hand.type(reason)
        expect(page.get_by_role("alert")).to_have_count(0)
    else:
        straight = page.get_by_role("alert").locator("strong").inner_text()
        hand.write(
            message, f"No. It is {straight.replace('<reason>', 'it is outside what we do')}."
        )
    expect(message).to_have_value("No. It is not planned: it is outside what we do.")
    hand.press(page.get_by_role("button", name="Give this answer"))

    said(page, "Answered.")
    expect(page.locator(".history")).not_to_contain_text("on our radar")


def test_an_ask_is_ranked_among_features_that_may_be_shown(
    hand: Hand, make: Make, enter: Enter
) -> None:
    page = hand.page
    titles = ["Dark theme", "Gift cards", "Audit log"]
    asked, *_rest = [make.feature(title=title, shareable=True) for title in titles]
    ask = make.ask(make.customer(), asked)
    enter(hand, Role.se)
    page.goto(f"/asks/{ask.id}")

    hand.check(page.get_by_label("Ranked", exact=True))
    for place, title in enumerate(titles):
        hand.choose(page.locator(f"#order-{place}"), title)
    hand.press(page.get_by_role("button", name="Give this answer"))

    said(page, "Answered.")
    expect(page.locator(".history .order li")).to_have_text(titles)
