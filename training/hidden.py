"""A hidden layer over sparse features, fitted by Adam with features left out by chance.

The layer learns which features matter together, where weights of their own only add up. Leaving
half of the features out each time keeps it from leaning on few of them (Srivastava et al. 2014),
and labels a little below certainty keep its odds moderate (Szegedy et al. 2016). Numpy alone.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
_BATCH = 64
_FIRST = np.float32(0.05)  # the spread of the first units
_EPOCHS = 8
_RATE = 2e-3
_SLOWER = 0.75  # each epoch
_FEATURES_OUT = 0.5
_UNITS_OUT = 0.3
_CERTAIN = 0.96
_MEAN, _SQUARE, _TINY = 0.9, 0.999, 1e-8  # Adam's, as Kingma and Ba (2015) give them


@dataclass(frozen=True)
class Layer:
    """Units by features, and labels by units."""

    units: Array  # features x units
    unit_bias: Array
    labels: Array  # units x labels
    label_bias: Array

    def odds(self, columns: list[int]) -> Array:
        """The logarithms of the odds of each label, for the features that are set."""
        raised = np.maximum(self.units[columns].sum(axis=0) + self.unit_bias, 0)
        logits = raised @ self.labels + self.label_bias
        logits -= logits.max()
        return np.asarray(logits - np.log(np.exp(logits).sum()))


@dataclass
class _Adam:
    """One array that is being fitted; `step` changes the rows that a batch has touched."""

    values: Array
    count: int = 0
    mean: Array = field(init=False)
    square: Array = field(init=False)

    def __post_init__(self) -> None:
        self.mean = np.zeros_like(self.values)
        self.square = np.zeros_like(self.values)

    def step(
        self, slope: Array, rate: float, rows: NDArray[np.int64] | slice = slice(None)
    ) -> None:
        self.count += 1
        mean = _MEAN * self.mean[rows] + (1 - _MEAN) * slope
        square = _SQUARE * self.square[rows] + (1 - _SQUARE) * slope**2
        self.mean[rows], self.square[rows] = mean, square
        mean = mean / (1 - _MEAN**self.count)
        square = square / (1 - _SQUARE**self.count)
        self.values[rows] -= rate * mean / (np.sqrt(square) + _TINY)


def fit(
    rows: list[list[int]],
    labels: NDArray[np.int64],
    columns: int,
    classes: int,
    *,
    units: int,
    weight: NDArray[np.float64],
    seed: int,
) -> Layer:
    """Fit a hidden layer.

    Args:
        rows: The columns that are set in each row; each is 1.
        labels: The class of each row.
        columns: How many features there are.
        classes: How many classes there are.
        units: How many hidden units there are to be.
        weight: How much each row counts.
        seed: Chooses the first weights, the order of the rows, and what is left out.
    """
    chance = np.random.default_rng(seed)
    fitting = _Fitting(columns, classes, units, chance)
    kept = [np.array(row, dtype=np.int64) for row in rows]
    target = np.full((len(rows), classes), (1 - _CERTAIN) / (classes - 1), np.float32)
    target[np.arange(len(rows)), labels] = _CERTAIN
    share = weight.astype(np.float32)
    rate = _RATE
    for _ in range(_EPOCHS):
        order = chance.permutation(len(kept))
        for begin in range(0, len(order), _BATCH):
            batch = order[begin : begin + _BATCH]
            some = [_thinned(kept[at], chance) for at in batch]
            fitting.step(some, target[batch], share[batch], rate)
        rate *= _SLOWER
    return fitting.layer()


class _Fitting:
    """A layer under way."""

    def __init__(self, columns: int, classes: int, units: int, chance: np.random.Generator) -> None:
        self._chance = chance
        self._units = _Adam(_FIRST * chance.standard_normal((columns, units), np.float32))
        self._unit_bias = _Adam(np.zeros(units, np.float32))
        spread = np.float32(units**-0.5)
        self._labels = _Adam(spread * chance.standard_normal((units, classes), np.float32))
        self._label_bias = _Adam(np.zeros(classes, np.float32))

    def step(self, rows: list[NDArray[np.int64]], target: Array, share: Array, rate: float) -> None:
        """Go down the slope of the loss of some rows."""
        flat = np.concatenate(rows)
        counts = [len(row) for row in rows]
        starts = np.cumsum([0, *counts[:-1]])
        summed = np.add.reduceat(self._units.values[flat], starts, axis=0)
        summed = summed + self._unit_bias.values
        stay = self._chance.random(summed.shape, np.float32) >= _UNITS_OUT
        gate = ((summed > 0) & stay) / np.float32(1 - _UNITS_OUT)
        raised = summed * gate
        logits = raised @ self._labels.values + self._label_bias.values
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        odds /= odds.sum(axis=1, keepdims=True)
        error = (odds - target) * (share / np.float32(len(rows)))[:, None]
        back = (error @ self._labels.values.T) * gate
        used, where = np.unique(flat, return_inverse=True)
        slope = np.zeros((len(used), back.shape[1]), np.float32)
        np.add.at(slope, where, np.repeat(back, counts, axis=0))
        self._labels.step(raised.T @ error, rate)
        self._label_bias.step(error.sum(axis=0), rate)
        self._unit_bias.step(back.sum(axis=0), rate)
        self._units.step(slope, rate, used)

    def layer(self) -> Layer:
        """What it has become."""
        return Layer(
            self._units.values,
            self._unit_bias.values,
            self._labels.values,
            self._label_bias.values,
        )


def _thinned(row: NDArray[np.int64], chance: np.random.Generator) -> NDArray[np.int64]:
    some = row[chance.random(len(row)) >= _FEATURES_OUT]
    return some if len(some) else row
