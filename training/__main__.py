"""`python -m training`: fit the reader to the corpus and write `services/reader.npz`."""

from collections.abc import Iterable
from pathlib import Path
from random import Random

import numpy as np

from services.reader import KNOWLEDGE, LABELS
from training.corpora import joined, writers
from training.model import train

TARGET = Path(__file__).parent.parent / "services" / "reader.npz"
_SEED = 7
_LEAST = 0.01  # weights below it are left out
_STEPS = 32_000  # a weight is kept as an integer of this many steps at most


def main() -> None:
    """Fit, and write the weights as small integers."""
    corpus = writers()
    extra = [row for rows in corpus.values() for row in joined(rows, Random(_SEED))]  # noqa: S311
    trained = train(corpus, extra=extra)
    used = np.abs(trained.weights).max(axis=1) >= _LEAST
    names = [name for name, is_used in zip(trained.places, used, strict=True) if is_used]
    weights = trained.weights[used]
    scale = float(np.abs(weights).max()) / _STEPS
    np.savez_compressed(
        TARGET,
        features=_text(["", *names]),  # place 0 is nothing's
        words=_text(sorted(trained.known)),
        weights=np.vstack([np.zeros((1, len(LABELS))), np.round(weights / scale)]).astype(np.int16),
        scale=np.float64(scale),
        bias=trained.bias.astype(np.float32),
        knowledge=_text([KNOWLEDGE]),
    )
    rows = sum(map(len, corpus.values()))
    print(
        f"{len(corpus)} writers, {rows} rows, {len(names)} of {len(trained.places)} features,"
        f" {TARGET.stat().st_size:,} bytes"
    )


def _text(lines: Iterable[str]) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer("\n".join(lines).encode(), dtype=np.uint8)


if __name__ == "__main__":
    main()
