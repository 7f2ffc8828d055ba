"""The pages under docs/ say what the code does."""

import importlib
import pkgutil
import re
from collections import Counter
from enum import StrEnum
from pathlib import Path

import pytest

import models
from api.problems import all_errors
from services.settings import Settings
from tests.write_docs import DOCS, PAGES

pytestmark = pytest.mark.once


ROOT = DOCS.parent
NOUNS = (
    "Account", "Ask", "Bar", "Basis", "Brief", "Chain", "Checkpoint", "Commitment", "Connector",
    "Contact", "Debt", "Delivery", "Demand", "Erasure", "Evidence", "Feature", "Guide", "Hedge",
    "Inbox", "Key", "Opportunity", "Order", "Problem", "Product", "Response", "Told", "Triage",
    "User",
)  # fmt: skip


def page(name: str) -> str:
    """A page under docs/."""
    return (DOCS / name).read_text(encoding="utf-8")


def words() -> dict[str, type[StrEnum]]:
    """Every enum of the models."""
    found = {}
    for module in pkgutil.iter_modules(models.__path__):
        if module.name.startswith("_"):
            continue
        for kind in vars(importlib.import_module(f"models.{module.name}")).values():
            if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum:
                found[kind.__name__] = kind
    return found


@pytest.mark.parametrize("name", PAGES)
def test_what_is_made_from_the_code_is_up_to_date(name: str) -> None:
    assert page(name) == PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_explained_with_its_default(name: str) -> None:
    row = re.search(
        rf"^\| `NOMAYBE_{name.upper()}` \| (.+) \| (.+) \|$", page("settings.md"), re.MULTILINE
    )

    assert row is not None
    default = Settings.model_fields[name].default
    assert row[1] == (f"`{default}`" if default not in {None, "", ()} else "not set")
    assert len(row[2]) > 10


def test_every_problem_is_explained() -> None:
    explained = re.findall(r"^## (\S+)$", page("problems.md"), re.MULTILINE)

    assert explained == [error.slug for error in all_errors()]


def test_every_slug_is_used_once() -> None:
    used = Counter(error.slug for error in all_errors())

    assert [slug for slug, times in used.items() if times > 1] == []


def test_every_problem_says_what_it_means_and_what_to_do() -> None:
    for error in all_errors():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.slug)
        assert error.__doc__, error.slug
        assert error.cure.endswith("."), error.slug
        assert not error.title.endswith("."), error.slug


@pytest.mark.parametrize("noun", NOUNS)
def test_every_noun_is_in_the_glossary(noun: str) -> None:
    assert f"**{noun}**: " in page("glossary.md")


@pytest.mark.parametrize("name", words())
def test_every_word_that_the_api_sends_is_in_the_glossary(name: str) -> None:
    told = page("glossary.md")

    assert [each.value for each in words()[name] if f"`{each.value}`" not in told] == []


@pytest.mark.parametrize(
    "path", [*ROOT.glob("*.md"), *DOCS.rglob("*.md")], ids=lambda path: path.name
)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text(encoding="utf-8"))

    assert [link for link in links if not (path.parent / link).exists()] == []
