"""Softmax regression over sparse features, fitted by L-BFGS: deterministic, numpy alone."""

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_PAIRS = 8
_TRIES = 20
_SLOPE = 1e-4


def fit(
    rows: list[list[int]],
    labels: NDArray[np.int64],
    columns: int,
    classes: int,
    *,
    penalty: float,
    rounds: int = 120,
    weight: Array | None = None,
) -> tuple[Array, Array]:
    """Fit the weights of each feature and class, and the bias of each class.

    Args:
        rows: The columns that are set in each row; each is 1.
        labels: The class of each row.
        columns: How many features there are.
        classes: How many classes there are.
        penalty: The weight of the squared weights against the mean loss of a row.
        rounds: Steps at most.
        weight: How much each row counts; 1 where it is left out.
    """
    counts = np.array([len(row) for row in rows])
    flat = np.concatenate([np.array(row, dtype=np.int64) for row in rows])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    owner = np.repeat(np.arange(len(rows)), counts)
    by_column = np.argsort(flat, kind="stable")
    column_starts = np.searchsorted(flat[by_column], np.arange(columns))
    owner_by_column = owner[by_column]
    target = np.eye(classes)[labels]
    share = np.ones(len(rows)) if weight is None else weight
    share = share / share.sum()

    def loss(vector: Array) -> tuple[float, Array]:
        matrix = vector.reshape(columns + 1, classes)
        weights, bias = matrix[:-1], matrix[-1]
        logits = np.add.reduceat(weights[flat], starts, axis=0) + bias
        logits -= logits.max(axis=1, keepdims=True)
        odds = np.exp(logits)
        odds /= odds.sum(axis=1, keepdims=True)
        value = -(share * np.log((odds * target).sum(axis=1) + 1e-300)).sum()
        error = (odds - target) * share[:, None]
        slope = np.add.reduceat(error[owner_by_column], column_starts, axis=0)
        slope += penalty * weights
        value += 0.5 * penalty * (weights**2).sum()
        return float(value), np.vstack([slope, error.sum(axis=0)]).ravel()

    found = _minimum(loss, np.zeros((columns + 1) * classes), rounds).reshape(-1, classes)
    return found[:-1], found[-1]


def _minimum(loss: Callable[[Array], tuple[float, Array]], start: Array, rounds: int) -> Array:
    at = start
    value, slope = loss(at)
    pairs: deque[tuple[Array, Array, float]] = deque(maxlen=_PAIRS)
    for _ in range(rounds):
        way = _direction(slope, pairs)
        step, fall = 1.0 if pairs else 1.0 / (np.abs(slope).sum() + 1e-9), float(slope @ way)
        for _ in range(_TRIES):
            there = at + step * way
            new_value, new_slope = loss(there)
            if new_value <= value + _SLOPE * step * fall:
                break
            step /= 2
        else:
            break
        moved, turned = there - at, new_slope - slope
        if (bend := float(moved @ turned)) > 1e-12:  # noqa: PLR2004
            pairs.append((moved, turned, bend))
        small = value - new_value < 1e-7 * abs(value)
        at, value, slope = there, new_value, new_slope
        if small:
            break
    return at


def _direction(slope: Array, pairs: deque[tuple[Array, Array, float]]) -> Array:
    way = -slope
    taken = []
    for moved, turned, bend in reversed(pairs):
        part = float(moved @ way) / bend
        taken.append(part)
        way = way - part * turned
    if pairs:
        moved, turned, bend = pairs[-1]
        way = way * (bend / float(turned @ turned))
    for (moved, turned, bend), part in zip(pairs, reversed(taken), strict=True):
        way = way + (part - float(turned @ way) / bend) * moved
    return way
