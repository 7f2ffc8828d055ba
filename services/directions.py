"""Reads how a thing is done today (`how`): it is there now, or it is no way to do it (R1, R3).

Directions are not answers: "you might need admin rights" leaves nobody without one. So a sentence
of them counts as a hedge only where the reader is sure, and as put off only where it says that we
deliver the thing on a day to come.
"""

from collections.abc import Iterator
from itertools import pairwise

from services import reader, wording
from services.lexicon import LEXICON
from services.words import sentences

_SURE = 0.99  # the odds from which a sentence of directions is a hedge
_REACH = 5  # words from "will" to what will be done
_COMING = {"will", "shall", "going"}
_SHIP = {"ship", "ships", "shipped", "shipping", "launch", "launches", "launched", "released"}
_BUILD = _SHIP | {"build", "develop", "implement", "release"}
_THERE = _SHIP | {
    "arrives", "available", "built", "comes", "coming", "delivered", "lands", "live",
    "planned", "ready", "scheduled",
}  # fmt: skip
_MONTHS = LEXICON.classes["month"] | {"q1", "q2", "q3", "q4"}
_NEXT = {"next", "upcoming", "coming", "following"}
_STEPS = {"release", "version", "update", "sprint", "quarter", "year", "month", "spring", "autumn"}
_BY_NOW = {"since", "already"}


def hedges(how: str, facts: wording.Facts) -> list[wording.Span]:
    """The phrases by which directions are none, with a straight wording each.

    Returns:
        Spans as those of `wording.read`: in order, in code points of `how`.
    """
    reading = wording.read(how, "yes", facts)
    if not reading.spans:
        return []
    pieces = list(wording.cut(how))
    heard = reader.says([(tokens, found.hints) for tokens, found in pieces])
    return [
        span
        for sentence, (_, found), said in zip(reading.sentences, pieces, heard, strict=True)
        if said.alone.hedge > _SURE or any(match.entry.always for match in found.hedges)
        for span in sentence.spans
    ]


def put_off(text: str) -> list[wording.Span]:
    """The sentences that say that the thing is delivered later."""
    return [
        wording.Span(
            start=tokens[0].whole,
            end=tokens[-1].stop,
            phrase=text[tokens[0].whole : tokens[-1].stop],
            reason="it says that it is delivered later, and the answer is that it is there today",
            suggestion="",
        )
        for tokens in sentences(text)
        if _later([token.word for token in tokens])
    ]


def _later(words: list[str]) -> bool:
    if _BY_NOW & {*words}:
        return False
    return any(_will_be(words)) or (_dated(words) and not _THERE.isdisjoint(words))


def _will_be(words: list[str]) -> Iterator[bool]:
    """For each "will" whether we build or ship by it, it is shipped, or a day follows."""
    for at, word in enumerate(words):
        if word in _COMING:
            ours = "we" in words[max(0, at - 2) : at]
            done = _BUILD if ours else _SHIP
            yield not done.isdisjoint(words[at + 1 : at + 1 + _REACH]) or _dated(words[at + 1 :])


def _dated(words: list[str]) -> bool:
    pairs = pairwise(words)
    return not _MONTHS.isdisjoint(words) or any(a in _NEXT and b in _STEPS for a, b in pairs)
