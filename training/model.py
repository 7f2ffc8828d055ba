"""Makes a model of rows, and reads rows with it; `variant` leaves features out."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from services.reader import ADDED, LABELS, context, features, letters
from training import hidden
from training.corpora import Part, Row, together
from training.fitting import Array, fit
from training.hidden import Layer

PENALTY = 1e-3
_WRITERS = 2  # that use a word before n-grams see it as it is
_EXTRA = 0.1  # of a row
_HOUSE = 4.0  # rows: what the product says itself has to be read right
_ROWS = 2  # that have a feature before it counts
_DEEP_ROWS = 8  # likewise for a hidden layer
LAYERS = 3
UNITS = 24
# Found by leaving writers out: what is added to the odds of each label, for every sentence and for
# one of several.
ALONE = np.array([0.0, 0.0, 0.0, 0.0, -1.0])
BESIDE = np.array([0.0, 0.0, 0.0, -0.3, 0.0])

Keep = Callable[[str], bool]
VARIANTS: dict[str, Keep] = {
    "lexicon": lambda name: name.startswith("L"),
    "n-grams": lambda name: not (_lexical(name) or _familial(name) or _structural(name)),
    "n-grams, clauses": lambda name: not (_lexical(name) or _familial(name)),
    "n-grams, clauses, families": lambda name: not _lexical(name),
    "n-grams, clauses, lexicon": lambda name: not _familial(name),
    "all but letters": lambda name: not name.startswith("#"),
    "all but what the others say": lambda name: name[:2] not in {"A ", "B "},
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
    """Weights by feature and label, hidden layers, and the words that n-grams see as they are.

    Hidden layers see the features that more rows have; `deep` says which column each one is.
    """

    known: frozenset[str]
    places: dict[str, int]
    weights: Array
    bias: Array
    deep: dict[str, int]
    layers: tuple[Layer, ...]
    keep: Keep

    def odds(self, row: Row) -> list[Array]:
        """The logarithms of the odds of each label for each sentence of a row, read together."""
        names = [_names(part, self.known, self.keep) for part in row.parts]
        alone = [self._weigh(each) + ALONE for each in names]
        labels = [LABELS[int(np.argmax(each))] for each in alone]
        beside = context([part.tokens for part in row.parts], labels)
        return [
            self._weigh(each | hints) + BESIDE if hints else by_itself
            for each, hints, by_itself in zip(names, map(self._kept, beside), alone, strict=True)
        ]

    def _kept(self, hints: frozenset[str]) -> set[str]:
        return set(filter(self.keep, hints))

    def _weigh(self, names: set[str] | frozenset[str]) -> Array:
        places = [self.places[name] for name in names if name in self.places]
        odds = self.bias + self.weights[places].sum(axis=0)
        if not self.layers:
            return np.asarray(odds)
        seen = [self.deep[name] for name in names if name in self.deep]
        said = sum(layer.odds(seen) for layer in self.layers) / len(self.layers)
        odds = odds - odds.max()
        odds -= np.log(np.exp(odds).sum())
        return np.asarray(ADDED * odds + said)

    def says(self, row: Row) -> int:
        """The label of a row; a text of several sentences always has an answer."""
        odds = self.odds(row)
        label = together([int(np.argmax(each)) for each in odds])
        return likeliest(odds) if LABELS[label] == "neutral" and len(odds) > 1 else label


def likeliest(odds: list[Array]) -> int:
    """The label other than neutral that some sentence comes nearest to."""
    neutral = LABELS.index("neutral")
    ahead = np.array([each - each[neutral] for each in odds])
    ahead[:, neutral] = -np.inf
    return int(np.argmax(ahead.max(axis=0)))


def _names(part: Part, known: frozenset[str], keep: Keep) -> set[str]:
    names = {name for name, _ in features(part.tokens, known, part.hints)}
    names.update(name for token in part.tokens for name in letters(token.word))
    return {name for name in names if keep(name)}


def train(
    writers: dict[str, list[Row]],
    keep: Keep = VARIANTS["all"],
    extra: list[Row] | None = None,
    *,
    deep: bool = True,
) -> Trained:
    """Fit a model to the rows of some writers, and to extra rows, which count for less.

    A text of several sentences that is labelled as a whole waits for a first model, which finds
    the likeliest labels of its sentences that make up the label of the whole.
    """
    rows = [row for each in writers.values() for row in each]
    weighed = [(row, _HOUSE if row.house else 1.0) for row in rows]
    weighed += [(row, _EXTRA) for row in extra or ()]
    known = _known(writers)
    first = _fitted([each for each in weighed if each[0].labels], known, keep)
    settled = [
        (row if row.labels else replace(row, labels=_settled(first.odds(row), row.label)), share)
        for row, share in weighed
    ]
    return _fitted(settled, known, keep, layers=LAYERS if deep else 0)


def _settled(odds: list[Array], label: int) -> tuple[int, ...]:
    """The likeliest labels of the sentences of a text that says `label` as a whole."""
    hedge, neutral = LABELS.index("hedge"), LABELS.index("neutral")
    if label == neutral:
        return (neutral,) * len(odds)
    which = int(np.argmax([each[label] - each[neutral] for each in odds]))
    if label != hedge:
        odds = [np.where(np.arange(len(LABELS)) == hedge, -np.inf, each) for each in odds]
    labels = [int(np.argmax(each)) for each in odds]
    labels[which] = label
    if label != hedge:
        labels[:which] = [each if each == label else neutral for each in labels[:which]]
    return tuple(labels)


def _fitted(
    weighed: list[tuple[Row, float]], known: frozenset[str], keep: Keep, *, layers: int = 0
) -> Trained:
    named, labels, shares = list[list[str]](), list[int](), list[float]()
    for row, share in weighed:
        said = row.labels or ()
        beside = context([part.tokens for part in row.parts], [LABELS[each] for each in said])
        for part, hints, label in zip(row.parts, beside, said, strict=True):
            names = _names(part, known, keep) | set(filter(keep, hints))
            named.append(sorted(names))
            labels.append(label)
            shares.append(share)
    counts = Counter(name for names in named for name in names)
    places = _places(counts, _ROWS)
    columns = [[places[name] for name in names if name in places] for names in named]
    used = [at for at, each in enumerate(columns) if each]
    weights, bias = fit(
        [columns[at] for at in used],
        np.array([labels[at] for at in used]),
        len(places),
        len(LABELS),
        penalty=PENALTY,
        weight=np.array([shares[at] for at in used]),
    )
    deep = _places(counts, _DEEP_ROWS) if layers else {}
    columns = [[deep[name] for name in names if name in deep] for names in named] if layers else []
    fitted = tuple(
        hidden.fit(
            columns,
            np.array(labels),
            len(deep),
            len(LABELS),
            units=UNITS,
            weight=np.array(shares),
            seed=seed,
        )
        for seed in range(layers)
    )
    return Trained(known, places, weights, bias, deep, fitted, keep)


def _places(counts: Counter[str], least: int) -> dict[str, int]:
    names = sorted(name for name, count in counts.items() if count >= least)
    return {name: at for at, name in enumerate(names)}


def _known(writers: dict[str, list[Row]]) -> frozenset[str]:
    using = defaultdict(set)
    for writer, rows in writers.items():
        for word in {token.word for row in rows for part in row.parts for token in part.tokens}:
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
