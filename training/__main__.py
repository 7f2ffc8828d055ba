"""`python -m training`: fit the reader to the corpus and write `services/reader.npz`."""

from collections.abc import Iterable
from pathlib import Path
from random import Random

import numpy as np

from services.reader import KNOWLEDGE
from training.corpora import joined, writers
from training.model import train

TARGET = Path(__file__).parent.parent / "services" / "reader.npz"
_SEED = 7
_STEPS = 32_000  # a weight is kept as an integer of this many steps at most


def main() -> None:
    """Fit, and write the weights as small integers."""
    corpus = writers()
    extra = [row for rows in corpus.values() for row in joined(rows, Random(_SEED))]  # noqa: S311
    trained = train(corpus, extra=extra)
    scale = float(np.abs(trained.weights).max()) / _STEPS
    np.savez_compressed(
        TARGET,
        features=_text(trained.places),
        words=_text(sorted(trained.known)),
        weights=np.round(trained.weights / scale).astype(np.int16),
        scale=np.float32(scale),
        bias=trained.bias.astype(np.float32),
        knowledge=_text([KNOWLEDGE]),
    )
    rows = sum(map(len, corpus.values()))
    print(
        f"{len(corpus)} writers, {rows} rows, {len(trained.places)} features,"
        f" {TARGET.stat().st_size:,} bytes"
    )


def _text(lines: Iterable[str]) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer("\n".join(lines).encode(), dtype=np.uint8)


if __name__ == "__main__":
    main()
