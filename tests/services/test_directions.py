"""How a thing is done today: what of it is a hedge, what puts it off, and what is left in peace."""

import tomllib
from importlib.resources import files

import pytest

from models.feature import Feature
from models.response import Response
from services import directions, wording
from tests.factories import Make
from tests.services.test_responses import AVAILABLE, COMMITTED, answer, refused

TODAY = [
    "Settings > Security > SAML",
    "Under Settings > Security, you may switch it on.",
    "Export to CSV, then import it there.",
    "You might need admin rights; ask your administrator.",
    "Depending on your plan, this may be under Admin > Billing.",
    "Ask your account manager to turn on the flag.",
    "Try exporting to CSV first.",
    "As soon as the file is ready, you get an e-mail.",
    "Save it for later under Drafts.",
    "Go to Roadmap > Views and choose Timeline.",
    "Choose a due date, and it will be archived on that day.",
    "The report will be available every Monday.",
    "Mail us the list; we will add the users for you.",
    "Use GET /assets?since=<date>.",
    "By the API",
    "x",
]
HEDGING = [
    "We'll look into it; it's on our radar.",
    "Maybe.",
    "Coming soon",
    "tbd",
    "In progress",
    "We're planning it for next year.",
    "Our engineers are looking at it.",
    "It should be possible with a script.",
]
LATER = [
    "We will ship it in March 2027.",
    "It ships in Q3.",
    "We are going to build this.",
    "Available from March 2027.",
    "Planned for Q2 2027.",
    "It will be in the next release.",
    "You'll get it in the release on 5 May 2027.",
    "By the API today. We'll ship the button in May 2027.",
]


def workaround(make: Make, how: str, feature: Feature | None = None, **more: str) -> Response:
    ask = make.ask(feature=feature or make.feature())
    return answer(make, ask, AVAILABLE, how=how, workaround=True, **more)


@pytest.mark.parametrize("how", TODAY)
def test_directions_are_no_hedges(how: str) -> None:
    assert directions.hedges(how, wording.Facts()) == []
    assert directions.put_off(how) == []


def test_those_of_the_demo_are_none() -> None:
    demo = tomllib.loads(files("services").joinpath("demo.toml").read_text())
    hows = [each["how"] for each in _tables(demo) if "how" in each]

    assert hows
    assert [directions.hedges(how, wording.Facts()) for how in hows] == [[]] * len(hows)


def _tables(value: object) -> list[dict[str, str]]:
    if isinstance(value, dict):
        return [value, *(found for each in value.values() for found in _tables(each))]
    return [found for each in value for found in _tables(each)] if isinstance(value, list) else []


@pytest.mark.parametrize("how", HEDGING)
def test_a_maybe_is_no_way_to_do_it(how: str, make: Make) -> None:
    ask = make.ask(feature=make.feature())

    error = refused(make, ask, AVAILABLE, how=how, workaround=True)

    assert error.slug == "hedged-message"
    for span in error.errors:
        assert span["loc"] == ["body", "how"]
        assert how[span["start"] : span["end"]] == span["phrase"]
        assert span["suggestion"]


def test_nor_where_it_is_shipped(make: Make) -> None:
    ask = make.ask(feature=make.feature(status="shipped"))

    assert refused(make, ask, AVAILABLE, how="It's on our radar.").slug == "hedged-message"


def test_both_texts_are_told_at_once(make: Make) -> None:
    ask = make.ask(feature=make.feature(status="shipped"))

    error = refused(make, ask, AVAILABLE, how="Coming soon", message="Yes, it is on our radar.")

    assert [each["loc"][-1] for each in error.errors] == ["message", "how"]
    assert error.detail.startswith("The message and `how` hedge: ")


def test_an_se_may_insist_and_it_is_kept_where(make: Make) -> None:
    response = workaround(make, "It might work with Zapier.", hedge_override="Zapier's own words.")

    assert response.hedge_override == "Zapier's own words."
    assert [(each["field"], each["phrase"]) for each in response.hedges] == [("how", "might")]


@pytest.mark.parametrize("how", LATER)
def test_a_delivery_to_come_is_no_way_to_do_it_today(how: str, make: Make) -> None:
    for feature in (make.feature(), make.planned()):
        error = refused(make, make.ask(feature=feature), AVAILABLE, how=how, workaround=True)

        assert error.slug == "contradicting-message"
        assert [each["loc"] for each in error.errors] == [["body", "how"]]
        assert "later" in error.detail


def test_the_message_promises_nothing_that_no_pm_committed(make: Make) -> None:
    said = "Yes, by the API today. We will ship the button in March 2027."
    given = {**AVAILABLE, "workaround": True, "message": said}

    error = refused(make, make.ask(feature=make.feature()), given)

    assert error.slug == "contradicting-message"
    assert error.errors[0]["loc"] == ["body", "message"]
    assert answer(make, make.ask(feature=make.planned()), given).message == said


def test_what_is_promised_by_a_pm_is_said_in_the_message(make: Make) -> None:
    said = "Yes, it ships on 1 March 2027."

    assert answer(make, make.ask(feature=make.planned()), COMMITTED, message=said).hedges == []
