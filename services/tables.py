"""Tables of numbers that grow: what the book keeps its columns in."""

from collections.abc import Sequence
from typing import Any

import numpy as np


class Places:
    """Numbers for values, in the order in which they were first seen."""

    def __init__(self) -> None:
        self.of: dict[Any, int] = {}
        self.values: list[Any] = []

    def place(self, value: Any) -> int:
        """The number of a value, -1 for None; a new one for a new value."""
        if value is None:
            return -1
        found = self.of.get(value)
        if found is None:
            found = self.of[value] = len(self.values)
            self.values.append(value)
        return found


class Table:
    """Rows of numbers by id: columns that grow, and where each row stands."""

    def __init__(self, **kinds: str) -> None:
        self.places = Places()
        self._kinds = kinds
        self._columns = {name: np.zeros(1024, kind) for name, kind in kinds.items()}

    def __len__(self) -> int:
        return len(self.places.values)

    def put(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Set rows: the id, and then a number for each column."""
        if not rows:
            return
        at = np.fromiter((self.places.place(row[0]) for row in rows), np.int64, len(rows))
        size = len(next(iter(self._columns.values())))
        if len(self) > size:
            grown = max(len(self), 2 * size)
            for name, column in self._columns.items():
                self._columns[name] = np.resize(column, grown)
        for index, name in enumerate(self._columns, start=1):
            values = np.fromiter((row[index] for row in rows), self._kinds[name], len(rows))
            self._columns[name][at] = values

    def __getitem__(self, name: str) -> Any:
        return self._columns[name][: len(self)]
