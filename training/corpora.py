"""The sentences the reader is trained on: one file a writer, near-duplicates left out."""

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple

from services.reader import LABELS
from services.wording import cut
from services.words import Token, sentences

CORPUS = Path(__file__).parent / "corpus"
SAMPLES = Path(__file__).parent.parent / "tests" / "data"
_JOINTS = (", and ", ", but ", "; ", " and ", ", ", " - ", ", so ", ", while ", ": ")
_SAME = 0.75  # of the pairs of words of two texts, from which on they are one


class Part(NamedTuple):
    """A sentence, as the model sees it: its words, and what the lexicon finds in them."""

    tokens: list[Token]
    hints: frozenset[str]


@dataclass(frozen=True)
class Row:
    """A text of one sentence or more, and what it says; `labels` of each sentence, where known."""

    text: str
    label: int
    parts: tuple[Part, ...]
    labels: tuple[int, ...] | None
    house: bool = False


def read(path: Path) -> list[Row]:
    """The rows of a file of JSON lines: `label` and `text`, or `sentences` with their labels."""
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    rows = [
        message(each["sentences"]) if "sentences" in each else row(each["text"], each["label"])
        for each in lines
    ]
    return [each for each in rows if each.parts]


def row(text: str, label: str) -> Row:
    """A text with its label."""
    said = LABELS.index(label)
    parts = tuple(Part(tokens, found.hints) for tokens, found in cut(text))
    return Row(text, said, parts, (said,) if len(parts) == 1 else None)


def message(sentences: Sequence[tuple[str, str]]) -> Row:
    """A text whose sentences are labelled one by one."""
    text, ends = "", list[int]()
    for said, _ in sentences:
        text += said if not text or said.startswith("\n") else f" {said}"
        ends.append(len(text))
    parts, labels = list[Part](), list[int]()
    for tokens, found in cut(text):
        at = bisect_left(ends, tokens[-1].stop)
        parts.append(Part(tokens, found.hints))
        labels.append(LABELS.index(sentences[at][1]))
    return Row(text, together(labels), tuple(parts), tuple(labels))


def together(labels: Sequence[int]) -> int:
    """What a text says whose sentences say so: a hedge if one is, else what the first answer is."""
    hedge, neutral = LABELS.index("hedge"), LABELS.index("neutral")
    answers = [label for label in labels if label != neutral]
    return hedge if hedge in answers else answers[0] if answers else neutral


def writers() -> dict[str, list[Row]]:
    """The corpus by writer, without what stands near-identical in it already or in a test."""
    seen = _Seen()
    for path in sorted(SAMPLES.glob("hedges*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            seen.add(json.loads(line)["text"])
    kept = {}
    for path in sorted(CORPUS.glob("*.jsonl")):
        kept[path.stem] = [each for each in read(path) if seen.add(each.text)]
    kept["house"] = [replace(each, house=True) for each in kept["house"]]
    return kept


class _Seen:
    """The texts so far, found again by their rarer pairs of words."""

    def __init__(self) -> None:
        self._by_pair: dict[tuple[str, str], list[frozenset[tuple[str, str]]]] = {}

    def add(self, text: str) -> bool:
        """Take a text; False where one that is nearly the same was taken before."""
        words = ["^", *(token.word for tokens in sentences(text) for token in tokens)]
        pairs = frozenset(pairwise(words))
        near = {each for pair in pairs for each in self._by_pair.get(pair, ())}
        if any(len(pairs & each) >= _SAME * len(pairs | each) for each in near):
            return False
        for pair in pairs:
            self._by_pair.setdefault(pair, []).append(pairs)
        return True


def joined(rows: list[Row], chance: Random) -> list[Row]:
    """Two texts of one writer made into one, each text once: it hedges where one of them does."""
    answers = [row for row in rows if len(row.parts) == 1]
    chance.shuffle(answers)
    made = []
    for one, other in zip(answers[::2], answers[1::2], strict=False):
        label = _joint(LABELS[one.label], LABELS[other.label])
        if label:
            head = one.text.rstrip(" .!")
            tail = other.text[0].lower() + other.text[1:]
            made.append(row(f"{head}{chance.choice(_JOINTS)}{tail}", label))
    return made


def _joint(one: str, other: str) -> str:
    if one == other:
        return one
    if "hedge" in {one, other} and "rank" not in {one, other}:
        return "hedge"
    return one if other == "neutral" else other if one == "neutral" else ""
