"""`python -m benchmarks.reader`: a message of 20,000 characters is read, against its floor.

The floor splits the same text into words with one regular expression and looks each word and each
pair of words up in a dictionary. Read the ratio; the milliseconds move with the machine.
"""

import json
import re
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from services.wording import read

SAMPLES = Path(__file__).parent.parent / "tests" / "data"
LENGTH = 20_000
LIMIT_MS = 50
ROUNDS = 30
WORD = re.compile(r"\w+|[^\w\s]")


def main() -> None:
    """Print both, the ratio, and what twice the text costs."""
    lines = (SAMPLES / "hedges_voices.jsonl").read_text(encoding="utf-8").splitlines()
    text = " ".join(json.loads(line)["text"] for line in lines)
    text = (text * (2 * LENGTH // len(text) + 1))[: 2 * LENGTH]
    known: dict[object, int] = {}

    def floor() -> None:
        words = WORD.findall(text[:LENGTH].lower())
        for found in (*words, *pairwise(words)):
            known.setdefault(found, len(known))

    least, once, twice = (
        best(floor),
        best(lambda: read(text[:LENGTH])),
        best(lambda: read(text)),
    )
    print(f"floor            {least:8.1f} ms")
    print(
        f"read             {once:8.1f} ms  {once / least:.1f} times the floor; limit {LIMIT_MS} ms"
    )
    print(f"read, twice long {twice:8.1f} ms  {twice / once:.2f} times once")


def best(work: Callable[[], object]) -> float:
    """The least of some rounds, in milliseconds: what else runs can only add to it."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times) * 1000


if __name__ == "__main__":
    main()
