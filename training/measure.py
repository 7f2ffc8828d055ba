"""`python -m training.measure`: every variant, and the learning curve, as Markdown tables.

Writers are left out in turn, four groups of them; the test sets train nothing.
Small talk counts in none of the figures. It takes half an hour on two cores.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from random import Random

from services.reader import LABELS
from services.wording import Verdict, cues, read
from services.words import sentences
from training import corpora
from training.corpora import SAMPLES, Row
from training.model import VARIANTS, figures, train

TESTS = {
    "sample": ["hedges"],
    "voices": ["hedges_fresh", "hedges_voices"],
    "blind": ["hedges_desk", "hedges_dozen", "hedges_ten", "hedges_last"],
    "traps": ["hedges_traps"],
}
_GROUPS = 4
_PARTS = (8, 16, 32)
_SEED = 7
_NEVER_LEFT_OUT = {"house"}
Says = Callable[[Row], int]
Figures = tuple[float, float, float, int]


def main() -> None:
    """Print the tables."""
    apart = sorted(set(_writers()) - _NEVER_LEFT_OUT)
    every = [row for name in apart for row in _writers()[name]]
    head = " | ".join(TESTS)
    print(f"\n| variant | writers left out | {head} |\n| --- |{' --- |' * (len(TESTS) + 1)}")
    print(_line("lexicon, weighed by rules", figures(_pairs(by_rules, every)), _tested(by_rules)))
    asked = [(variant, False, True) for variant in VARIANTS]
    asked += [("all", False, False), ("all", True, True)]
    with ProcessPoolExecutor(2) as pool:
        for (variant, deep, extra), (left_out, tested) in zip(
            asked, pool.map(_varied, *zip(*asked, strict=True)), strict=True
        ):
            name = variant if extra else f"{variant}, nothing joined"
            print(_line(f"{name}, hidden layers" if deep else name, left_out, tested), flush=True)
        print(_line("as shipped, by `read`", None, _tested(as_shipped)))
        print(f"\n| writers | rows | {head} |\n| --- | --- |{' --- |' * len(TESTS)}")
        Random(_SEED).shuffle(apart)  # noqa: S311
        parts = [apart[:part] for part in (*_PARTS, len(apart))]
        for some, (rows, tested) in zip(parts, pool.map(_learnt, parts), strict=True):
            cells = " | ".join(map(written, tested))
            print(f"| {len(some)} | {rows} | {cells} |", flush=True)


@cache
def _writers() -> dict[str, list[Row]]:
    return corpora.writers()


@cache
def _joined(name: str) -> list[Row]:
    return corpora.joined(_writers()[name], Random(_SEED))  # noqa: S311


def _fitted(names: Iterable[str], variant: str, *, deep: bool, extra: bool) -> Says:
    some = {name: _writers()[name] for name in names}
    more = [row for name in some for row in _joined(name)] if extra else None
    return train(some, VARIANTS[variant], more, deep=deep).says


def _varied(variant: str, deep: bool, extra: bool) -> tuple[Figures, list[Figures]]:
    """The figures of a variant, with writers left out in turn and on the test sets."""
    fitted = partial(_fitted, variant=variant, deep=deep, extra=extra)
    apart = sorted(set(_writers()) - _NEVER_LEFT_OUT)
    pairs = list[tuple[int, int]]()
    for group in range(_GROUPS):
        out = set(apart[group::_GROUPS])
        says = fitted(set(_writers()) - out)
        pairs += _pairs(says, (row for name in sorted(out) for row in _writers()[name]))
    return figures(pairs), _tested(fitted(_writers()))


def _learnt(some: list[str]) -> tuple[int, list[Figures]]:
    names = [*some, *_NEVER_LEFT_OUT]
    rows = sum(len(_writers()[name]) for name in names)
    return rows, _tested(_fitted(names, "all", deep=True, extra=True))


def _tested(says: Says) -> list[Figures]:
    return [
        figures(_pairs(says, (row for name in files for row in _rows(name))))
        for files in TESTS.values()
    ]


@cache
def _rows(name: str) -> list[Row]:
    return corpora.read(SAMPLES / f"{name}.jsonl")


def _pairs(says: Says, rows: Iterable[Row]) -> Iterator[tuple[int, int]]:
    return ((says(row), row.label) for row in rows)


def _line(name: str, left_out: Figures | None, tested: list[Figures]) -> str:
    cells = " | ".join(map(written, tested))
    return f"| {name} | {written(left_out) if left_out else '-'} | {cells} |"


def written(found: Figures) -> str:
    """Precision, recall and accuracy in one cell."""
    return " / ".join(f"{each:.3f}" for each in found[:3])


def by_rules(row: Row) -> int:
    """What the lexicon alone makes of a text: a hedge where it finds one, else what weighs most."""
    scores = dict.fromkeys(("commit", "refuse", "rank"), 0)
    for tokens in sentences(row.text):
        found = cues(tokens)
        if found.hedges:
            return LABELS.index("hedge")
        for verdict, score in found.scores.items():
            scores[verdict] += score
    return LABELS.index(max(scores, key=lambda label: scores[label]))


def as_shipped(row: Row) -> int:
    """What the reader of the product makes of a text, sentence by sentence."""
    return LABELS.index(Verdict(read(row.text).verdict))


if __name__ == "__main__":
    main()
