"""The ways to drive a page, so that a journey is told once: by mouse, or by keys alone."""

from dataclasses import dataclass
from datetime import date

import pytest
from playwright.sync_api import Locator, Page, expect

FURTHEST = 100  # presses of Tab after which something counts as out of reach
HAS_FOCUS = "wanted => wanted === document.activeElement"
WHERE = """wanted => {
  const at = document.activeElement;
  const alike = at.type === "radio" && wanted.type === "radio" && at.name === wanted.name;
  if (at === wanted || (alike && at.form === wanted.form)) {
    return getComputedStyle(at).outlineStyle === "none" ? "unseen" : "there";
  }
  if (at === document.body) return wanted.closest("main") ? "above" : "before";
  const behind = wanted.compareDocumentPosition(at) & Node.DOCUMENT_POSITION_FOLLOWING;
  return behind ? "behind" : "before";
}"""
CHOSEN = "select => select.selectedOptions[0]?.text.trim() ?? ''"


@dataclass
class Hand:
    """Drives by mouse, with scripts or without. `key` is what a hand at the keys would press."""

    page: Page
    scripts: bool = True

    def press(self, target: Locator, key: str = "") -> None:
        """Press a button, a link or a summary."""
        target.click()

    def open(self, link: Locator) -> None:
        """Open a row of a list."""
        link.click()

    def write(self, field: Locator, text: str, key: str = "") -> None:
        """Write into a field, in place of what stands there."""
        field.fill(text)

    def type(self, text: str) -> None:
        """Go on writing where the focus is."""
        self.page.keyboard.type(text)

    def send(self, field: Locator) -> None:
        """Send the form from the field that was written last."""
        field.press("Enter")

    def choose(self, select: Locator, option: str, key: str = "") -> None:
        """Choose an option by its text."""
        select.select_option(label=option)

    def check(self, box: Locator) -> None:
        """Check a box, or choose one of several."""
        box.check()

    def tick(self, box: Locator) -> None:
        """Tick a row of a list."""
        box.check()

    def date(self, field: Locator, day: date) -> None:
        """Pick a day."""
        field.fill(day.isoformat())


@dataclass
class Keys(Hand):
    """Drives by the keyboard alone, and counts."""

    strokes: int = 0  # to move and to act
    letters: int = 0  # of what is written

    def stroke(self, key: str) -> None:
        """Press one key."""
        self.page.keyboard.press(key)
        self.strokes += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.letters += len(text)

    def short(self, key: str) -> None:
        """Press a single key, once the page hears it: it is shown a moment earlier."""
        expect(self.page.locator("[data-keys]")).not_to_have_attribute("hidden", "")
        self.stroke(key)

    def tab_to(self, target: Locator) -> None:
        """Move the focus to an element, or its group, as people do: past the head, on or back."""
        expect(target).to_be_visible()
        for _ in range(FURTHEST):
            where = target.evaluate(WHERE)
            if where == "there":
                return
            assert where != "unseen", f"one does not see the focus on {target}"
            self.stroke("Shift+Tab" if where == "behind" else "Tab")
            if where == "above":
                self.stroke("Enter")  # skip to the content
        pytest.fail(f"{target} is not reached by {FURTHEST} presses of Tab")

    def reach(self, target: Locator, key: str = "") -> None:
        """Move the focus by the key that goes there, or by Tab."""
        if key:
            self.short(key)
            expect(target).to_be_focused()
        else:
            self.tab_to(target)

    def press(self, target: Locator, key: str = "") -> None:
        if key:
            expect(target).to_be_visible()
            self.short(key)
        else:
            self.tab_to(target)
            self.stroke("Enter")

    def row(self, link: Locator) -> None:
        """Go down a list to a row."""
        expect(link).to_be_visible()
        for _ in range(FURTHEST):
            self.short("j")
            if link.evaluate(HAS_FOCUS):
                return
        pytest.fail(f"{link} is not reached by {FURTHEST} presses of j")

    def open(self, link: Locator) -> None:
        self.row(link)
        self.stroke("Enter")

    def write(self, field: Locator, text: str, key: str = "") -> None:
        self.reach(field, key)
        if field.input_value():
            self.stroke("Control+a")
        self.type(text)

    def send(self, field: Locator) -> None:
        expect(field).to_be_focused()
        self.stroke("Enter")

    def choose(self, select: Locator, option: str, key: str = "") -> None:
        self.reach(select, key)
        for letter in option:
            if select.evaluate(CHOSEN) == option:
                return
            self.type(letter)
        assert select.evaluate(CHOSEN) == option

    def check(self, box: Locator) -> None:
        self.tab_to(box)
        if box.get_attribute("type") == "radio":
            for _ in range(FURTHEST):
                if box.is_checked():
                    return
                self.stroke("ArrowDown")
            pytest.fail(f"{box} is not reached by the arrow keys")
        self.stroke("Space")
        expect(box).to_be_checked()

    def tick(self, box: Locator) -> None:
        self.row(box.locator("xpath=following-sibling::a"))
        self.short("x")
        expect(box).to_be_checked()

    def date(self, field: Locator, day: date) -> None:
        self.tab_to(field)
        self.type(f"{day:%m%d%Y}")
        expect(field).to_have_value(day.isoformat())
