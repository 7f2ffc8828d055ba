"""The hedge reader: what it calls a hedge, what it does not, and where it points."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lexicon import LEXICON
from services.orders import question
from services.wording import Facts, Verdict, blanks, contradicts, read
from tests.services.labelled import rows

pytestmark = pytest.mark.once

KINDS = ["yes", "no", "ranked", None]
HEDGES = [
    "We might add it next year.",
    "It's on our radar.",
    "I'll pass this on to the product team.",
    "We'll look into it.",
    "Maybe.",
]

# Facts filled in for the angle brackets of a suggestion.
FACTS = {
    "<date>": "3 June",
    "<reason>": "three of 214 live customers ask for it and the bar is ten",
    "<where to find it>": "Settings",
    "<place>": "third",
    "<how many>": "five",
}


def filled(suggestion: str) -> str:
    for bracket, fact in FACTS.items():
        suggestion = suggestion.replace(bracket, fact)
    return suggestion


@pytest.mark.parametrize(
    "text",
    [
        "If engineering has time, it ships in June.",
        "We'll see whether we can fit it in.",
        "We have no plans at this time, but that could change.",
        "No plans at this time, though we love the idea.",
        "maybe",
        "soon",
        "let me check and get back",
        "We\u2019ll look\ninto it",
        "It\u2019s “on our radar”.",
        "“We'll look into it.”",
        "• SSO: live today\n• SCIM: under review\n• Audit log: not planned",
        "hi anna\nwe will think about it 🙂\nthanks",
        "It is live in Frankfurt since Tuesday, and as for Dublin, we hope to follow.",
        "we wont do it now but maybe later",
        "As soon as we have capacity, we will do it.",
        "We will con\u200bsider it.",
        'A 27" screen works.\r\n\r\nTouch is on our radar.\r\n\r\nYes, 27".',
        "It's not a no.",
    ],
)
def test_a_maybe_on_our_side_hedges(text: str) -> None:
    reading = read(text)

    assert reading.verdict is Verdict.hedge
    assert reading.spans


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("If you sign by Friday it starts Monday.", Verdict.commit),
        ("Once you upgrade, it works on its own.", Verdict.commit),
        ("You asked whether we might add SSO, and we will ship it on 3 June.", Verdict.commit),
        ("You wrote 'maybe you could add SSO'; it has been live since March.", Verdict.commit),
        ("There is no maybe about it: it ships on 3 May.", Verdict.commit),
        ("It ships in May.", Verdict.commit),
        ("the release in may carries it", Verdict.commit),
        ("You may switch it on in Settings today.", Verdict.commit),
        ("It's on the roadmap for release 9.2, which ships on 4 June.", Verdict.commit),
        ("We have no plans to do this in 2027.", Verdict.refuse),
        ("We considered it and decided against it.", Verdict.refuse),
        ("It's not on the roadmap.", Verdict.refuse),
        ("We're not considering it.", Verdict.refuse),
        ("We will not build this in the foreseeable future.", Verdict.refuse),
        ("We like the idea, but we are not building it.", Verdict.refuse),
        ("I do not want to leave you with a maybe: we will not build it.", Verdict.refuse),
        ("You placed it third of five; that is its place.", Verdict.rank),
        ("If we built only one of these, which would you choose?", Verdict.rank),
    ],
)
def test_what_only_looks_like_a_hedge_is_an_answer(text: str, verdict: Verdict) -> None:
    assert read(text).verdict is verdict


@pytest.mark.parametrize(
    ("text", "verdict"), [("Yes.", "commit"), ("Yes!", "commit"), ("No.", "refuse")]
)
def test_a_word_may_be_the_whole_answer(text: str, verdict: str) -> None:
    assert read(text).verdict == verdict
    assert not read(f"{text} You find it under Settings.").spans


@pytest.mark.parametrize("text", ["", " \n", "🎉🎉", "1.", "Thanks for your time.", "Hi Anna,"])
def test_a_text_without_an_answer_reads_as_its_kind(text: str) -> None:
    verdicts = [read(text, kind).verdict for kind in KINDS]

    assert verdicts == [Verdict.commit, Verdict.refuse, Verdict.rank, Verdict.commit]
    assert all(sentence.neutral for sentence in read(text).sentences)


def test_a_text_says_what_its_first_answer_says() -> None:
    reading = read("Thanks for asking! No, we will not build this. CSV export is available today.")

    assert reading.verdict is Verdict.refuse
    assert [sentence.neutral for sentence in reading.sentences] == [True, False, False]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("I took it to the board on Monday. They turned it down.", Verdict.refuse),
        ("I took it to the board on Monday. They like it.", Verdict.hedge),
        ("Is there a chance? No.", Verdict.refuse),
        ("We talked it through for an hour. It ships on 3 June.", Verdict.commit),
        ("Thanks for the wish list. Please put the six in order.", Verdict.rank),
        ("what's ur no. 1 of these six?", Verdict.rank),
    ],
)
def test_what_a_sentence_says_depends_on_what_the_others_answer(
    text: str, verdict: Verdict
) -> None:
    assert read(text).verdict is verdict


def test_one_clause_that_hedges_makes_the_text_hedge() -> None:
    text = "SSO is available today. Your invoice is corrected. SCIM is under review. Best, Ada"

    reading = read(text)

    assert reading.verdict is Verdict.hedge
    assert [span.phrase for span in reading.spans] == ["under review"]
    hedging = [s for s in reading.sentences if s.verdict is Verdict.hedge]
    assert [text[s.start : s.end] for s in hedging] == ["SCIM is under review."]


def test_spans_count_code_points_of_the_text_as_written() -> None:
    text = "🎉 İstanbul\u2019s ask: we\u2019re “sure”, it\u2019s on our radar."

    (span,) = read(text).spans

    assert text[span.start : span.end] == span.phrase == "on our radar"


@pytest.mark.parametrize(
    ("text", "phrase", "suggestion"),
    [
        ("We might add it.", "might", "will not"),
        ("I'm thinking about it.", "I'm thinking", "I will not build this: <reason>"),
        ("It's on our radar.", "on our radar", "not planned: <reason>"),
        (
            "If we find time, we'll build it.",
            "If we find time",
            "Whatever the capacity, the answer is no",
        ),
    ],
)
def test_a_suggestion_fits_its_place(text: str, phrase: str, suggestion: str) -> None:
    (span,) = read(text, "no").spans

    assert (span.phrase, span.suggestion) == (phrase, suggestion)


@pytest.mark.parametrize(
    ("kind", "facts", "suggestion"),
    [
        ("yes", Facts(), "available today under <where to find it>"),
        ("yes", Facts(date="3 June"), "shipping on 3 June"),
        (None, Facts(), "available today under <where to find it>; or not planned: <reason>"),
        (
            "no",
            Facts(asking=3, live=214, bar=10),
            "not planned: 3 of 214 live customers ask for it, and our bar is 10",
        ),
        (
            "no",
            Facts(asking=3, bar=10),
            "not planned: 3 live customers ask for it, and our bar is 10",
        ),
        ("no", Facts(asking=3), "not planned: <reason>"),
    ],
)
def test_a_suggestion_fits_the_facts(kind: str | None, facts: Facts, suggestion: str) -> None:
    (span,) = read("It's on our radar.", kind, facts).spans

    assert span.suggestion == suggestion


def test_a_suggestion_names_the_day_that_is_known() -> None:
    (span,) = read("We might add it.", "yes", Facts(date="3 June")).spans

    assert span.suggestion == "will, on 3 June,"


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("The ball is in Product's court.", "The ball is in Product's court"),
        ("Anna, the wheels are turning.", "the wheels are turning"),
    ],
)
def test_a_hedge_that_the_lexicon_does_not_know_is_pointed_at_by_its_clause(
    text: str, phrase: str
) -> None:
    (span,) = read(text).spans

    assert span.phrase == phrase
    assert span.suggestion


@pytest.mark.parametrize("text", HEDGES)
def test_the_kind_changes_the_suggestions_and_nothing_else(text: str) -> None:
    readings = [read(text, kind) for kind in KINDS]

    assert {reading.verdict for reading in readings} == {Verdict.hedge}
    assert len({reading.spans[0].suggestion for reading in readings}) == len(KINDS)
    assert len({(r.spans[0].start, r.spans[0].end, r.spans[0].reason) for r in readings}) == 1


@pytest.mark.parametrize(
    ("text", "kind", "opposite"),
    [
        ("We will not build this.", "yes", True),
        ("It ships on 3 June.", "no", True),
        ("It ships on 3 June.", "yes", False),
        ("We will not build this.", "no", False),
        ("No, we will not build this. CSV export is available today.", "no", False),
        ("We will not build this. CSV export is available today.", "yes", False),
        ("We will not build this.", "ranked", False),
        ("Thanks for your time.", "no", False),
        ("We might build it.", "no", False),
        ("We might build it.", "yes", False),
    ],
)
def test_only_a_text_that_says_the_opposite_contradicts(
    text: str, kind: str, opposite: bool
) -> None:
    assert contradicts(read(text), kind) is opposite


def suggestions() -> Iterator[str]:
    for ways in LEXICON.straight.values():
        yield from ways.values()


@pytest.mark.parametrize("suggestion", sorted(set(suggestions())))
def test_no_suggestion_hedges(suggestion: str) -> None:
    assert read(filled(suggestion)).spans == ()


@pytest.mark.parametrize("text", HEDGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_text_with_its_phrases_replaced_hedges_no_more(text: str, kind: str | None) -> None:
    straight = text
    for span in reversed(read(text, kind).spans):
        straight = straight[: span.start] + filled(span.suggestion) + straight[span.end :]

    assert read(straight, kind).spans == ()


def test_the_question_for_an_order_asks_for_one() -> None:
    reading = read(question(["Single sign-on", "Audit log", "Dark theme"]), "ranked")

    assert (reading.verdict, reading.spans) == (Verdict.rank, ())


def test_blanks_are_named_until_they_are_filled_in() -> None:
    assert blanks("We ship it on <date>, as <how many> live customers asked.") == [
        "<date>",
        "<how many>",
    ]
    assert blanks("We ship it on 3 June, as 4 of 12 asked, and 3 < 4 > 2.") == []


@pytest.mark.parametrize("reason", sorted({entry.reason for entry in LEXICON.entries}))
def test_no_reason_hedges(reason: str) -> None:
    assert read(reason).spans == ()


def test_every_entry_that_hedges_has_a_straight_wording_for_each_kind() -> None:
    hedging = [entry for entry in LEXICON.entries if entry.label in {"hedge", "upside"}]

    assert hedging
    for entry in hedging:
        assert set(LEXICON.straight[entry.say]) - {"dated"} == {"yes", "no", "ranked"}


# Texts that make a reader slow which goes back over what it has read; where one does, the timeout
# of the test run ends it.
@pytest.mark.parametrize(
    "unit",
    [
        *("we ", "not ", "to ", "we might ", "on the roadmap ", "soon not ", "no but "),
        *("no plans but things can change ", "you asked whether we ", "rank these "),
        *('"', "'a ", "-", " -", "\n", "\n ", "1.", "a'", "a", "\u200b", "a\u200b", "(", "…"),
    ],
)
def test_a_long_hostile_text_is_read_to_its_end(unit: str) -> None:
    text = unit * (60_000 // len(unit))

    reading = read(text + "\n\nWe might add it.")

    assert reading.spans[-1].phrase == "might"


WORDS = """we you might may not no maybe if on our radar will it 'll look into but soon . , ? " “ '
- 3 May I'm asked whether rank these yes cant 🎉 İ \u2019"""
words = st.sampled_from([*WORDS.split(), "\n"])
texts = st.text() | st.lists(words, max_size=30).map(" ".join)


@given(texts, st.sampled_from(KINDS))
def test_any_text_is_read_and_its_spans_stand_in_it(text: str, kind: str | None) -> None:
    reading = read(text, kind)

    edge = 0
    for span in reading.spans:
        assert edge <= span.start < span.end <= len(text)
        assert text[span.start : span.end] == span.phrase
        edge = span.end
    assert (reading.verdict is Verdict.hedge) is bool(reading.spans)
    assert reading.spans == tuple(span for s in reading.sentences for span in s.spans)


@given(st.text(), st.sampled_from(HEDGES))
def test_a_sentence_that_hedges_makes_any_text_hedge(text: str, hedge: str) -> None:
    before = read(f"{hedge}\n\n{text}")
    after = read(f"{text}\n\n{hedge}")

    assert before.verdict is Verdict.hedge
    assert after.verdict is Verdict.hedge


@given(
    st.sampled_from([text for text, label in rows("hedges.jsonl") if label is Verdict.hedge]),
    st.sampled_from(['"{}"', "“{}”", "„{}“", "«{}»", "\u2018{}\u2019"]),
    st.sampled_from(["You wrote: {} ", "Your note says {} - ", "The customer asked {}, "]),
)
def test_a_hedge_in_the_customers_quoted_words_is_not_ours(
    hedge: str, marks: str, attribution: str
) -> None:
    text = attribution.format(marks.format(hedge)) + "and the answer is no."

    assert read(text).verdict is Verdict.refuse
