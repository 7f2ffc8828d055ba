"""The labelled sentences, and how well a reading of them is."""

import json
from pathlib import Path

from services.wording import Verdict, read

DATA = Path(__file__).parent.parent / "data"


def rows(name: str) -> list[tuple[str, Verdict]]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [(row["text"], Verdict(row["label"])) for row in map(json.loads, lines)]


def figures(sample: list[tuple[str, Verdict]]) -> tuple[float, float, float]:
    """Precision and recall for `hedge`, and the accuracy over the four labels."""
    read_as = [(read(text).verdict, label) for text, label in sample]
    both = sum(said == label == Verdict.hedge for said, label in read_as)
    called = sum(said == Verdict.hedge for said, _ in read_as)
    are = sum(label == Verdict.hedge for _, label in read_as)
    right = sum(said == label for said, label in read_as)
    return both / called, both / are, right / len(sample)
