"""`python -m training`: fit the reader to the corpus and write `services/reader.npz`."""

from collections.abc import Iterable
from pathlib import Path
from random import Random

import numpy as np

from services.reader import KNOWLEDGE, LABELS
from training.corpora import joined, writers
from training.fitting import Array
from training.model import ALONE, BESIDE, LAYERS, UNITS, train

TARGET = Path(__file__).parent.parent / "services" / "reader.npz"
_SEED = 7
_LEAST = 0.01  # weights below it are left out
_STEPS = 32_000  # a weight is kept as an integer of this many steps at most
_UNIT_STEPS = 127  # likewise what a unit makes of a feature


def main() -> None:
    """Fit, and write the weights as small integers."""
    corpus = writers()
    extra = [row for rows in corpus.values() for row in joined(rows, Random(_SEED))]  # noqa: S311
    trained = train(corpus, extra=extra)
    used = np.abs(trained.weights).max(axis=1) >= _LEAST
    weights = {
        name: trained.weights[place] for name, place in trained.places.items() if used[place]
    }
    names = sorted(weights.keys() | trained.deep.keys())
    matrix = np.array([weights.get(name, np.zeros(len(LABELS))) for name in names])
    units = np.zeros((len(names), LAYERS * UNITS))
    for at, name in enumerate(names):
        if name in trained.deep:
            row = [layer.units[trained.deep[name]] for layer in trained.layers]
            units[at] = np.concatenate(row)
    scale = float(np.abs(matrix).max()) / _STEPS
    unit_scale = np.abs(units).max(axis=0) / _UNIT_STEPS
    np.savez_compressed(
        TARGET,
        features=_text(["", *names]),  # place 0 is nothing's
        words=_text(sorted(trained.known)),
        weights=_whole(matrix / scale).astype(np.int16),
        scale=np.float64(scale),
        bias=trained.bias.astype(np.float32),
        units=_whole(units / unit_scale).astype(np.int8),
        unit_scale=unit_scale,
        unit_bias=np.concatenate([layer.unit_bias for layer in trained.layers]),
        labels=np.array([layer.labels for layer in trained.layers]),
        label_bias=np.array([layer.label_bias for layer in trained.layers]),
        alone=ALONE,
        beside=BESIDE,
        knowledge=_text([KNOWLEDGE]),
    )
    rows = sum(map(len, corpus.values()))
    print(
        f"{len(corpus)} writers, {rows} rows, {len(names)} of {len(trained.places)} features,"
        f" {TARGET.stat().st_size:,} bytes"
    )


def _whole(values: Array) -> Array:
    """Rounded, behind a row of nothing's."""
    return np.vstack([np.zeros((1, values.shape[1])), np.round(values)])


def _text(lines: Iterable[str]) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer("\n".join(lines).encode(), dtype=np.uint8)


if __name__ == "__main__":
    main()
