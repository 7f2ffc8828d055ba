"""The model of the hedge reader: what a sentence says, by its words, its clauses and its lexicon.

A softmax regression over a bag of features, beside small hidden layers over the commoner of them,
which learn what features mean together. `training/` holds the sentences it was trained on and the
script that wrote its weights, `reader.npz`. The work is linear in the words of the sentence.
"""

import hashlib
import io
import math
import tomllib
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import accumulate
from operator import or_
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.lexicon import LEXICON, PUNCTUATION
from services.words import Token

LABELS = ("commit", "refuse", "rank", "hedge", "neutral")

_MONTHS = LEXICON.classes["month"]
_NOT = LEXICON.classes["not"]
_SOURCE = files("services").joinpath("thesaurus.toml").read_bytes()
_WEIGHTS = files("services").joinpath("reader.npz")
_THESAURUS = tomllib.loads(_SOURCE.decode())
_ROLES = {role: frozenset(words.split()) for role, words in _THESAURUS["roles"].items()}
_SCOPE = 6  # words that a "not" reaches over
_QUOTED = "\0"  # what `services.words` makes of a quoted word
_STEM = 5  # letters that stand for a longer word
_GRAM = 4  # letters in a row
_LONGEST = 40  # letters of a word that are looked at
_REMEMBERED = 20_000  # words whose features are kept at hand
_HEDGE = LABELS.index("hedge")
_AT_ONCE = 256  # sentences
ADDED = 0.5
"""The share of the odds by weights alone, beside those of the hidden layers."""

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]


def _inflected(lemma: str) -> Iterator[str]:
    """A regular word with its endings."""
    yield lemma
    stem = lemma.removesuffix("e")
    if lemma.endswith("y") and lemma[-2] not in "aeiou":
        yield from (f"{lemma[:-1]}ies", f"{lemma[:-1]}ied", f"{lemma}ing")
        return
    yield f"{lemma}es" if lemma.endswith(("s", "sh", "ch", "x", "z")) else f"{lemma}s"
    yield from (f"{stem}ed", f"{stem}ing")
    if lemma[-1] not in "aeiouwxyhse":
        yield from (f"{lemma}{lemma[-1]}ed", f"{lemma}{lemma[-1]}ing")


def _thesaurus() -> dict[str, tuple[str, ...]]:
    families: dict[str, list[str]] = {}
    for family, lemmas in _THESAURUS["lemmas"].items():
        for lemma in lemmas.split():
            for word in _inflected(lemma):
                families.setdefault(word, []).append(f"{{{family}}}")
    for family, words in _THESAURUS["forms"].items():
        for word in words.split():
            families.setdefault(word, []).append(f"[{family}]")
    return {word: tuple(dict.fromkeys(each)) for word, each in families.items()}


FAMILIES = _thesaurus()
KNOWLEDGE = hashlib.sha256(LEXICON.version.encode() + _SOURCE).hexdigest()[:12]
"""Names the words that a model is trained with: those of the lexicon and of the thesaurus."""


def version() -> str:
    """The first 12 hex digits of the SHA-256 of the lexicon, the thesaurus and the weights."""
    return hashlib.sha256(KNOWLEDGE.encode() + _WEIGHTS.read_bytes()).hexdigest()[:12]


class Said(NamedTuple):
    """What the model makes of a sentence: the probability of each of LABELS."""

    commit: float
    refuse: float
    rank: float
    hedge: float
    neutral: float


class _Model:
    """What `python -m training` wrote.

    Weights by feature and label, and hidden layers side by side: units by feature, labels by unit.
    Weights and units are integers, since their sum is then the same in any order.
    """

    def __init__(self, source: bytes) -> None:
        with np.load(io.BytesIO(source)) as data:
            self.knowledge = data["knowledge"].tobytes().decode()
            self.known = frozenset(data["words"].tobytes().decode().split("\n"))
            self.weights = data["weights"]
            self.scale = float(data["scale"])
            self.bias = data["bias"]
            self.units = data["units"]  # features x all units
            self.unit_scale = data["unit_scale"]
            self.unit_bias = data["unit_bias"]
            self.labels = data["labels"]  # layers x units of one x labels
            self.label_bias = data["label_bias"]
            self.alone, self.beside = data["alone"], data["beside"]
            names = data["features"].tobytes().decode().split("\n")
        self.places = {name: place for place, name in enumerate(names) if place}
        others = self.weights.sum(axis=1, dtype=np.int64)
        # How much each feature speaks for a hedge, beyond what it says for all labels.
        self.lean: list[int] = (len(LABELS) * self.weights[:, _HEDGE].astype(int) - others).tolist()
        self._spelt: dict[str, frozenset[int]] = {}

    def found(self, names: Iterable[str]) -> list[int]:
        """The places of those features that the model knows."""
        get = self.places.get
        return [place for name in names if (place := get(name)) is not None]

    def spelt(self, word: str) -> frozenset[int]:
        """The places of the features of a word by itself."""
        found = self._spelt.get(word)
        if found is None:
            found = frozenset(self.found(letters(word)))
            if len(self._spelt) < _REMEMBERED:
                self._spelt[word] = found
        return found

    def sums(self, places: Sequence[Collection[int]]) -> tuple[Integers, Integers]:
        """The sums of the weights, and of the units, of some features, for each sentence."""
        flat = np.fromiter((each for some in places for each in (0, *some)), np.int64)
        starts = np.cumsum([0, *(len(some) + 1 for some in places[:-1])])
        weighed = np.add.reduceat(self.weights[flat], starts, axis=0, dtype=np.int64)
        return weighed, np.add.reduceat(self.units[flat], starts, axis=0, dtype=np.int64)

    def odds(self, weighed: Integers, summed: Integers) -> Numbers:
        """The logarithms of the odds of each label, for each sentence."""
        alone = _logs(self.bias + self.scale * weighed)
        raised = np.maximum(self.unit_scale * summed + self.unit_bias, 0)
        layers, units, _ = self.labels.shape
        raised = raised.reshape(-1, layers, 1, units)
        said = _logs((raised @ self.labels)[:, :, 0] + self.label_bias).mean(axis=1)
        return np.asarray(ADDED * alone + said)


def _logs(logits: Numbers) -> Numbers:
    top = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(top - np.log(np.exp(top).sum(axis=-1, keepdims=True)))


@cache
def model() -> _Model:
    """The weights, read from disk when they are first needed."""
    return _Model(_WEIGHTS.read_bytes())


def _shape(word: str) -> str:
    if word in PUNCTUATION or word in {"0", _QUOTED}:
        return word
    if word in _MONTHS:
        return "<month>"
    if word in _ROLES["day"]:
        return "<day>"
    for ending in ("ing", "ed", "ly", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return f"<{ending}>"
    return "<word>"


def letters(word: str) -> tuple[str, ...]:
    """The features of a word by itself: how it is spelt."""
    if word in PUNCTUATION or word in {"0", _QUOTED}:
        return (word,)
    edged = f"<{word[:_LONGEST]}>"
    grams = {f"#{edged[at : at + _GRAM]}" for at in range(len(edged) - _GRAM + 1)}
    return (word, f"{word[:_STEM]}~", *sorted(grams if len(word) > _GRAM else ()))


def features(
    tokens: list[Token], known: frozenset[str], hints: Iterable[str]
) -> list[tuple[str, int]]:
    """The features of a sentence beyond the spelling of its words.

    Each comes with the word that it is due to; -1 is the sentence.

    Args:
        tokens: The sentence, as `services.words` cuts it.
        known: The words that n-grams see as they are.
        hints: What the lexicon found.
    """
    words = [token.word for token in tokens]
    seen = [word if word in known else _shape(word) for word in words]
    found = [(hint, -1) for hint in hints]
    found += [
        (f"^{' '.join(seen[:1])}", -1),
        (f"^{' '.join(seen[:2])}", -1),
        (f"^{' '.join(seen[:3])}", -1),
        (f"end {words[-1]}", -1),
        (f"long {min(len(words).bit_length(), 6)}", -1),
    ]
    last = before = kin_last = kin_before = ""
    reach = 0
    for at, (word, shape) in enumerate(zip(words, seen, strict=True)):
        if word == last == _QUOTED:
            continue  # a quotation is one word, however long
        kin = FAMILIES.get(word)
        one = kin[0] if kin else shape
        found += (
            (f"{last} {shape}", at),
            (f"{before} {last} {shape}", at),
            (f"{before} _ {shape}", at),
            (f"k {kin_last} {one}", at),
            (f"k {kin_before} {kin_last} {one}", at),
        )
        for family in kin or ():
            found.append((family, at))
            if reach:
                found.append((f"not.. {family}", at))
        if word in PUNCTUATION:
            reach = 0
        elif reach:
            found.append((f"not.. {shape}", at))
            reach -= 1
        if word in _NOT:
            reach = _SCOPE
        before, last, kin_before, kin_last = last, shape, kin_last, one
    return found + _clauses(words)


def _clauses(words: list[str]) -> list[tuple[str, int]]:
    """Who acts in each clause, behind which joint, with which auxiliary."""
    found: list[tuple[str, int]] = []
    joints, leaning = _ROLES["joint"], _ROLES["leaning"]
    joint, who, aux, negated = "^", "", "", ""
    empty = True
    for at, word in enumerate(words):
        if word in PUNCTUATION or word in joints:
            if not empty:
                found += (
                    (f"{joint}|{who}|{aux}{negated}", at - 1),
                    (f"{joint}|{who}", at - 1),
                    (f"{who}|{aux}{negated}", at - 1),
                )
            if word in joints:
                joint = word
            elif not empty:
                joint = ","
            who, aux, negated, empty = "", "", "", True
            continue
        empty = False
        who = who or _who(word)
        if not aux and word in leaning:
            aux = word
        if word in _NOT:
            negated = "-"
    return found


def _who(word: str) -> str:
    return next((role for role in ("us", "you", "it") if word in _ROLES[role]), "")


class Heard(NamedTuple):
    """What the model makes of a sentence by itself, and beside what the others of its text say."""

    alone: Said
    beside: Said


def says(sentences: Sequence[tuple[list[Token], Iterable[str]]]) -> list[Heard]:
    """What the model makes of the sentences of a text, each with what the lexicon found in it."""
    read = model()
    parts = [sentences[at : at + _AT_ONCE] for at in range(0, len(sentences), _AT_ONCE)]
    sums = [read.sums([_places(read, tokens, hints) for tokens, hints in part]) for part in parts]
    alone = [read.odds(*each) + read.alone for each in sums]
    likeliest = [LABELS[label] for each in alone for label in each.argmax(axis=1).tolist()]
    hints = context([tokens for tokens, _ in sentences], likeliest)
    beside = [each.copy() for each in alone]
    for part, at in enumerate(range(0, len(sentences), _AT_ONCE)):
        some = [place for place, each in enumerate(hints[at : at + _AT_ONCE]) if each]
        if some:
            more = read.sums([read.found(hints[at + place]) for place in some])
            summed = [one[some] + other for one, other in zip(sums[part], more, strict=True)]
            beside[part][some] = read.odds(*summed) + read.beside
    return [
        Heard(Said(*one), Said(*other))
        for pair in zip(alone, beside, strict=True)
        for one, other in zip(*(np.exp(_logs(each)).tolist() for each in pair), strict=True)
    ]


def _places(read: _Model, tokens: list[Token], hints: Iterable[str]) -> set[int]:
    places = set(read.found(name for name, _ in features(tokens, read.known, hints)))
    for word in {token.word for token in tokens}:
        places |= read.spelt(word)
    return places


def context(sentences: Sequence[list[Token]], labels: Sequence[str]) -> list[frozenset[str]]:
    """Features of each sentence of a text beside which others answer: what those say, and where.

    A word on how a decision was made hedges by itself, and not beside the decision; and a question
    that is answered at once is none. Where no other sentence answers, there are none.
    """
    spoken = [frozenset({label} - {"neutral"}) for label in labels]
    nobody = frozenset[str]()
    before = list(accumulate(spoken, or_, initial=nobody))
    after = list(accumulate(reversed(spoken), or_, initial=nobody))[::-1]
    found = []
    for at, tokens in enumerate(sentences):
        others = before[at] | after[at + 1]
        if others <= {"hedge"}:
            found.append(nobody)
            continue
        last = at == len(sentences) - 1
        hints = {f"B {label}" for label in before[at] or {"none" if at else "first"}}
        hints |= {f"A {label}" for label in after[at + 1] or {"last" if last else "none"}}
        if tokens[-1].word == "?":
            hints |= {f"{hint}?" for hint in hints}
            if not last and sentences[at + 1][0].word in {"yes", "no"}:
                hints.add("A answered")
        found.append(frozenset(hints))
    return found


def blame(tokens: list[Token]) -> tuple[int, int]:
    """The clause of a sentence that speaks most for a hedge: its words, end exclusive."""
    read = model()
    shares = [0] * len(tokens)
    seen: set[int] = set()
    due = [
        (place, at)
        for name, at in features(tokens, read.known, ())
        if (place := read.places.get(name)) is not None
    ]
    due += [(place, at) for at, token in enumerate(tokens) for place in read.spelt(token.word)]
    for place, at in due:
        if at >= 0 and place not in seen:
            seen.add(place)
            shares[at] += read.lean[place]
    best, found, begin, share = -math.inf, (0, len(tokens) - 1), 0, 0
    for at, token in enumerate(tokens):
        if token.word not in PUNCTUATION:
            share += shares[at]
            continue
        if at > begin and share > best:
            best, found = share, (begin, at)
        begin, share = at + 1, 0
    return found
