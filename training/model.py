"""Makes a model of rows, and reads rows with it; `variant` leaves features out."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from services.reader import LABELS, features, letters
from training.corpora import Row
from training.fitting import Array, fit

PENALTY = 1e-3
_WRITERS = 2  # that use a word before n-grams see it as it is
_EXTRA = 0.1  # of a row
_HOUSE = 4.0  # rows: what the product says itself has to be read right
_ROWS = 2  # that have a feature before it counts

_CALM = {"hedge": -0.2, "neutral": -0.5}  # found by leaving writers out

Keep = Callable[[str], bool]
VARIANTS: dict[str, Keep] = {
    "lexicon": lambda name: name.startswith("L"),
    "n-grams": lambda name: not (_lexical(name) or _familial(name) or _structural(name)),
    "n-grams, clauses": lambda name: not (_lexical(name) or _familial(name)),
    "n-grams, clauses, families": lambda name: not _lexical(name),
    "n-grams, clauses, lexicon": lambda name: not _familial(name),
    "all but letters": lambda name: not name.startswith("#"),
    "all": bool,
}


def _lexical(name: str) -> bool:
    return name.startswith("L")


def _familial(name: str) -> bool:
    return name.startswith("k ") or name[-1:] in {"]", "}"}


def _structural(name: str) -> bool:
    return "|" in name or name.startswith("not..")


@dataclass(frozen=True)
class Trained:
    """Weights by feature and label, and the words that n-grams see as they are."""

    known: frozenset[str]
    places: dict[str, int]
    weights: Array
    bias: Array
    keep: Keep

    def says(self, row: Row) -> int:
        """The label of a row."""
        names = _names(row, self.known, self.keep)
        places = [self.places[name] for name in names if name in self.places]
        return int(np.argmax(self.bias + self.weights[places].sum(axis=0)))


def _names(row: Row, known: frozenset[str], keep: Keep) -> set[str]:
    names = {name for name, _ in features(row.tokens, known, row.hints)}
    names.update(name for token in row.tokens for name in letters(token.word))
    return {name for name in names if keep(name)}


def train(
    writers: dict[str, list[Row]],
    keep: Keep = VARIANTS["all"],
    extra: list[Row] | None = None,
) -> Trained:
    """Fit a model to the rows of some writers, and to extra rows, which count for less."""
    known = _known(writers)
    rows = [row for each in writers.values() for row in each]
    shares = np.ones(len(rows) + len(extra or ()))
    shares[len(rows) :] = _EXTRA
    rows += extra or []
    shares[[at for at, row in enumerate(rows) if row.house]] = _HOUSE
    named = [sorted(_names(row, known, keep)) for row in rows]
    counts = Counter(name for names in named for name in names)
    places = {
        name: at for at, name in enumerate(sorted(n for n, c in counts.items() if c >= _ROWS))
    }
    columns = [[places[name] for name in names if name in places] for names in named]
    used = [at for at, each in enumerate(columns) if each]
    weights, bias = fit(
        [columns[at] for at in used],
        np.array([rows[at].label for at in used]),
        len(places),
        len(LABELS),
        penalty=PENALTY,
        weight=shares[used],
    )
    bias += [_CALM.get(label, 0.0) for label in LABELS]
    return Trained(known, places, weights, bias, keep)


def _known(writers: dict[str, list[Row]]) -> frozenset[str]:
    using = defaultdict(set)
    for writer, rows in writers.items():
        for word in {token.word for row in rows for token in row.tokens}:
            using[word].add(writer)
    return frozenset(word for word, who in using.items() if len(who) >= _WRITERS)


def figures(pairs: Iterable[tuple[int, int]]) -> tuple[float, float, float, int]:
    """Precision and recall for a hedge, and the accuracy over the four labels, of (said, is).

    Rows without an answer in them are left out, as no response consists of one.
    """
    hedge, neutral = LABELS.index("hedge"), LABELS.index("neutral")
    answers = [(said, label) for said, label in pairs if label != neutral]
    both = sum(said == label == hedge for said, label in answers)
    called = sum(said == hedge for said, _ in answers)
    are = sum(label == hedge for _, label in answers)
    right = sum(said == label for said, label in answers)
    return both / max(called, 1), both / max(are, 1), right / len(answers), len(answers)
