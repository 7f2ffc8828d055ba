"""The lexicon: the words of a maybe and of a straight answer, and where a sentence has them.

The knowledge is data, `lexicon.toml`, which says how its phrases are written. The work is linear in
the sentence: a phrase is tried only where its first words stand, and looks a bounded number of
words on from there. There is nothing to go back to, as there is in a regular expression.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import product
from typing import Any, NamedTuple

ENDS = frozenset(".!?")
PUNCTUATION = frozenset(".!?,;:()—")


@dataclass(frozen=True)
class Entry:
    """What the phrases of one entry of `lexicon.toml` are; its first lines explain the fields."""

    label: str
    reason: str
    say: str
    weight: int = 0
    negated: str = "refuse"
    dated: bool = False
    answered: bool = False
    always: bool = False
    place: int = -1  # among the entries


# A phrase: sets of words, and numbers for gaps. `before` and `after` count the parts that must
# stand around it without being part of it.
@dataclass(frozen=True)
class _Phrase:
    entry: Entry
    parts: tuple[frozenset[str] | int, ...]
    first: bool
    before: int
    after: int
    reach: int  # the most words that it takes
    last: frozenset[str]


class Match(NamedTuple):
    """A phrase that was found: the words from `begin` to `end`, end exclusive."""

    begin: int
    end: int
    entry: Entry


class _Lexicon:
    """The lexicon as it is matched: phrases by the first word, or by the first two."""

    def __init__(self, source: bytes) -> None:
        data = tomllib.loads(source.decode())
        self.version = hashlib.sha256(source).hexdigest()[:12]
        self.spelling = {word: said.split() for word, said in data["spelling"].items()}
        self.classes = {name: frozenset(words.split()) for name, words in data["classes"].items()}
        self.straight: dict[str, dict[str, str]] = data["straight"]
        said = "\n".join(each for kinds in self.straight.values() for each in kinds.values())
        self.blanks = sorted({*re.findall(r"<[a-z ]+>", said)})
        self.by_word: dict[str, list[_Phrase]] = {}
        self.by_pair: dict[tuple[str, str], list[_Phrase]] = {}
        self.entries: list[Entry] = []
        for item in data["entry"]:
            entry = _entry(item, len(self.entries))
            self.entries.append(entry)
            for written in item["phrases"]:
                for phrase in self._compile(written, entry):
                    self._file(phrase)

    def _compile(self, written: str, entry: Entry) -> Iterator[_Phrase]:
        """One phrase for each way in which the parts that may be missing stand or do not."""
        shapes: list[list[frozenset[str] | int | str | None]] = []
        for part in written.split():
            if part in {"<", ">", "^"}:
                shapes.append([part])
            elif part.startswith(".."):
                shapes.append([int(part[2:])])
            elif part == "$":
                shapes += [[">"], [ENDS]]
            elif len(part) > 1 and part.endswith("?") and part[-2] != "|":
                shapes.append([self._words(part[:-1]), None])
            else:
                shapes.append([self._words(part)])
        for shape in product(*shapes):
            parts = _parts(shape)
            before = len(_parts(shape[: shape.index("<")])) if "<" in shape else 0
            after = len(_parts(shape[shape.index(">") :])) if ">" in shape else 0
            if isinstance(parts[0], int) or isinstance(parts[-1], int):
                raise TypeError(f"lexicon.toml: {written!r}: a phrase begins and ends with a word.")
            reach = sum(part if isinstance(part, int) else 1 for part in parts)
            yield _Phrase(entry, parts, "^" in shape, before, after, reach, parts[-1])

    def _words(self, part: str) -> frozenset[str]:
        words: set[str] = set()
        for word in part.split("|"):
            words |= self.classes[word[1:-1]] if word.startswith("[") else {word}
        return frozenset(words)

    def _file(self, phrase: _Phrase) -> None:
        sets = [part for part in phrase.parts[:2] if not isinstance(part, int)]
        if len(sets) == 1:
            for word in sets[0]:
                self.by_word.setdefault(word, []).append(phrase)
        else:
            for pair in product(*sets):
                self.by_pair.setdefault((pair[0], pair[1]), []).append(phrase)


def _parts(shape: Iterable[object]) -> tuple[frozenset[str] | int, ...]:
    return tuple(part for part in shape if isinstance(part, frozenset | int))


def _entry(item: dict[str, Any], place: int) -> Entry:
    return Entry(
        label=item["is"],
        reason=item["reason"],
        say=item.get("say", ""),
        weight=item.get("weight", 0),
        negated=item.get("negated", "refuse"),
        dated=item.get("dated", False),
        answered=item.get("answered", False),
        always=item.get("always", False),
        place=place,
    )


LEXICON = _Lexicon(files("services").joinpath("lexicon.toml").read_bytes())


def matches(words: list[str]) -> Iterator[Match]:
    """Every phrase of the lexicon that occurs in a sentence.

    Args:
        words: The words and marks of one sentence, as `services.words` cuts them.

    Yields:
        The matches in the order in which they begin to be matched; they may overlap.
    """
    by_word, by_pair = LEXICON.by_word, LEXICON.by_pair
    for at, word in enumerate(words):
        pair = (word, words[at + 1]) if at + 1 < len(words) else (word, "")
        for phrases in (by_word.get(word), by_pair.get(pair)):
            for phrase in phrases or ():
                if phrase.first and at:
                    continue
                # Most phrases fail here already, on their last word.
                if phrase.reach > 1 and phrase.last.isdisjoint(words[at + 1 : at + phrase.reach]):
                    continue
                match = _match(words, at, phrase)
                if match:
                    yield match


def _match(words: list[str], at: int, phrase: _Phrase) -> Match | None:
    """Try one phrase from one word on; the shortest way through its gaps wins."""
    here = {at: at}  # where the next part must stand -> where the phrase begins
    ends = {at: at}
    for index, part in enumerate(phrase.parts):
        there: dict[int, int] = {}
        if isinstance(part, int):
            for place, begin in here.items():
                for step in range(place, min(place + part + 1, len(words))):
                    there.setdefault(step, begin)
                    if words[step] in PUNCTUATION:
                        break
        else:
            for place, begin in here.items():
                if place < len(words) and words[place] in part:
                    there.setdefault(place + 1, place if index == phrase.before else begin)
        if not there:
            return None
        here = there
        if index == len(phrase.parts) - phrase.after - 1:
            ends = here
    end = min(ends)
    return Match(ends[end], end, phrase.entry)
