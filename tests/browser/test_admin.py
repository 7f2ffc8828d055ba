"""The first run, administration and signing in: by mouse, without scripts and by keys alone."""

import re

import pytest
from playwright.sync_api import expect

from models.user import Role
from services import sign_in
from services.users import caller_for, set_password
from tests.browser.conftest import Enter
from tests.browser.hands import Hand
from tests.browser.test_asks import headed, said
from tests.factories import Make

pytestmark = pytest.mark.browser

PASSWORD = "a very long password"  # noqa: S105  # of a person that only this test knows
OTHER = "another very long one"


def test_an_administrator_is_led_to_the_first_ask_in_three_steps(hand: Hand, make: Make) -> None:
    page = hand.page
    token = sign_in.new_link(make.session, make.user(Role.admin, name="Ada"))
    make.session.commit()
    page.goto(f"/sign-in/{token}")
    hand.press(page.get_by_role("button", name="Sign in"))
    headed(page, "Welcome, Ada")

    hand.write(page.get_by_label("Name"), "Atlas")
    hand.write(page.get_by_label("Bar: live customers"), "10")
    hand.press(page.get_by_role("button", name="Make the product"))
    expect(page.get_by_role("heading", name="1. Make a product")).to_contain_text("Done")

    hand.press(page.get_by_role("link", name="Invite people"))
    headed(page, "Administration")
    hand.write(page.get_by_label("Name"), "Sam Okoro")
    hand.write(page.get_by_label("E-mail"), "sam@nomaybe.example")
    hand.press(page.get_by_role("button", name="Invite"))
    said(page, "/sign-in/")

    hand.press(page.get_by_role("link", name="Nomaybe"))
    hand.press(page.get_by_role("link", name="Log the first ask"))
    headed(page, "Log an ask")
    hand.write(page.get_by_label("Account"), "Acme")
    hand.write(page.get_by_label("Domain"), "acme.example")
    hand.write(page.get_by_label("What do they ask for?"), "A dark theme")
    hand.press(page.get_by_role("button", name="Log the ask"))
    headed(page, "A dark theme")

    hand.press(page.get_by_role("link", name="Nomaybe"))
    headed(page, "Demand")


def test_a_password_is_changed_and_every_browser_signed_out(hand: Hand, make: Make) -> None:
    page = hand.page
    sam = make.user(Role.se, email="sam@nomaybe.example")
    set_password(make.session, caller_for(sam), PASSWORD)
    make.session.commit()
    page.goto("/demand")
    headed(page, "Sign in")
    enter_with(hand, PASSWORD, onto="Demand")  # which was wanted before

    hand.press(page.locator(".me summary"))
    hand.press(page.get_by_role("link", name="Set your password"))
    headed(page, "Your password")
    hand.write(page.get_by_label("New password"), OTHER)
    hand.write(page.get_by_label("The same again"), OTHER)
    hand.press(page.get_by_role("button", name="Set the password"))
    headed(page, "My asks")

    hand.press(page.locator(".me summary"))
    hand.press(page.get_by_role("link", name="Set your password"))
    hand.press(page.get_by_role("button", name="Sign out everywhere"))
    headed(page, "Sign in")
    enter_with(hand, OTHER, onto="My asks")
    hand.press(page.locator(".me summary"))
    hand.press(page.get_by_role("button", name="Sign out"))
    headed(page, "Sign in")


def enter_with(hand: Hand, password: str, *, onto: str) -> None:
    """Sign in at the door, onto a page."""
    page = hand.page
    hand.write(page.get_by_label("E-mail"), "sam@nomaybe.example")
    hand.write(page.get_by_label("Password"), password)
    hand.send(page.get_by_label("Password"))
    headed(page, onto)


def test_the_bar_of_a_product_is_set_and_a_person_given_a_link(
    hand: Hand, make: Make, enter: Enter
) -> None:
    page = hand.page
    make.product(name="Atlas")
    make.user(Role.se, name="Sam Okoro")
    enter(hand, Role.admin)
    page.goto("/admin/products")

    hand.press(page.get_by_role("link", name="Change Atlas"))
    expect(page.get_by_role("heading", name="Change Atlas")).to_be_visible()
    hand.write(page.get_by_label("Bar: live customers"), "12")
    hand.press(page.get_by_role("button", name="Keep it"))
    expect(page.get_by_role("row", name="Atlas")).to_contain_text("12 live customers")

    hand.press(page.get_by_role("link", name="People"))
    hand.choose(page.get_by_label("Role of Sam Okoro"), "PM")
    hand.press(page.get_by_role("button", name="Change the role and team of Sam Okoro"))
    said(page, "Changed.")
    hand.press(page.get_by_role("button", name="Sign-in link for Sam Okoro"))
    said(page, "/sign-in/")


def test_a_key_is_shown_once_and_revoked_and_a_sender_connected(
    hand: Hand, make: Make, enter: Enter
) -> None:
    page = hand.page
    enter(hand, Role.admin)
    make.product()
    page.goto("/admin/keys")

    hand.write(page.get_by_label("What is it for?"), "Weekly export")
    hand.press(page.get_by_role("button", name="Make the key"))
    said(page, "nmk_")
    hand.press(page.get_by_role("link", name="Revoke Weekly export"))
    expect(page.get_by_role("heading", name="Revoke the key Weekly export?")).to_be_visible()
    hand.press(page.get_by_role("button", name="Revoke it"))
    expect(page.get_by_role("row", name="Weekly export")).to_contain_text("Revoked")
    expect(page.get_by_text(re.compile("nmk_[^…]{20}"))).to_have_count(0)

    hand.press(page.get_by_role("link", name="Connectors"))
    expect(page.get_by_role("heading", name="Connect a sender")).to_be_visible()
    hand.write(page.get_by_role("textbox", name="Name"), "Our CRM")
    hand.press(page.get_by_role("button", name="Connect it"))
    said(page, "Copy the secret")
    expect(page.locator("main")).to_contain_text("/hooks/generic/")
    hand.press(page.get_by_role("link", name="Then set it up, and try it"))
    hand.write(page.get_by_label("What they ask for"), "wish")
    hand.write(page.get_by_label("Account: name"), "who")
    hand.press(page.get_by_label("Make an account"))
    hand.write(page.get_by_label("Or paste one"), '{"wish": "Dark mode", "who": "Acme"}')
    hand.press(page.get_by_role("button", name="Preview"))
    expect(page.locator("#preview")).to_contain_text("Dark mode")
    hand.press(page.get_by_role("button", name="Keep these settings"))
    said(page, "Kept. What comes is read")
    hand.press(page.get_by_role("button", name="Send a test"))
    expect(page.locator("#preview")).to_contain_text("The secret proved it")
    hand.press(page.get_by_role("link", name="Connectors").last)
    hand.press(page.get_by_role("button", name="Turn off Our CRM"))
    expect(page.get_by_role("heading", name="Our CRM")).to_contain_text("Off")
