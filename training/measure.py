"""`python -m training.measure`: every variant, and the learning curve, as Markdown tables.

Writers are left out in turn, six groups of them; the test sets train nothing. Small talk counts in
none of the figures, nor do the rows that two others were joined to.
"""

from collections.abc import Callable, Iterable
from random import Random

from services.reader import LABELS
from services.wording import Verdict, cues, read
from services.words import sentences
from training import corpora
from training.corpora import SAMPLES, Row
from training.model import VARIANTS, figures, train

_GROUPS = 6
_SEED = 7
_NEVER_LEFT_OUT = {"house", "sample"}
Says = Callable[[Row], int]


def main() -> None:
    """Print the tables."""
    writers = corpora.writers()
    joined = {name: corpora.joined(rows, Random(_SEED)) for name, rows in writers.items()}  # noqa: S311
    tests = {
        "odd half": corpora.read(SAMPLES / "hedges.jsonl")[0::2],
        "fresh": corpora.read(SAMPLES / "hedges_fresh.jsonl"),
        "voices": corpora.read(SAMPLES / "hedges_voices.jsonl"),
    }
    apart = sorted(set(writers) - _NEVER_LEFT_OUT)
    print(f"\n| variant | writers left out | {' | '.join(tests)} |")
    print(f"| --- |{' --- |' * (len(tests) + 1)}")
    every = [row for name in apart for row in writers[name]]
    print(line("lexicon, weighed by rules", [scored(by_rules, every)], by_rules, tests))
    for variant, keep in VARIANTS.items():
        for extra in (False, True) if variant == "all" else (True,):
            pairs = []
            for group in range(_GROUPS):
                out = set(apart[group::_GROUPS])
                rest = {name: rows for name, rows in writers.items() if name not in out}
                more = [row for name in rest for row in joined[name]] if extra else None
                trained = train(rest, keep, more)
                pairs += [(trained.says(row), row.label) for name in out for row in writers[name]]
            more = [row for rows in joined.values() for row in rows] if extra else None
            trained = train(writers, keep, more)
            name = variant if extra else "all, nothing joined"
            print(line(name, [figures(pairs)], trained.says, tests))
    print(line("as shipped, by `read`", [], as_shipped, tests))
    print("\n| writers | rows | fresh | voices |\n| --- | --- | --- | --- |")
    Random(_SEED).shuffle(apart)  # noqa: S311
    for part in (4, 8, 16, len(apart)):
        some = {name: writers[name] for name in [*apart[:part], *_NEVER_LEFT_OUT]}
        trained = train(some, extra=[row for name in some for row in joined[name]])
        cells = [written(scored(trained.says, tests[name])) for name in ("fresh", "voices")]
        print(f"| {part} | {sum(map(len, some.values()))} | {' | '.join(cells)} |")


def line(
    name: str,
    first: list[tuple[float, float, float, int]],
    says: Says,
    tests: dict[str, list[Row]],
) -> str:
    """A row of the table of variants."""
    cells = [written(each) for each in first] or ["-"]
    cells += [written(scored(says, rows)) for rows in tests.values()]
    return f"| {name} | {' | '.join(cells)} |"


def scored(says: Says, rows: Iterable[Row]) -> tuple[float, float, float, int]:
    """The figures of a reader on some rows."""
    return figures((says(row), row.label) for row in rows)


def written(found: tuple[float, float, float, int]) -> str:
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
