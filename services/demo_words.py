"""The words and dice of the demo data: `demo.toml`, names made from it, and a seeded chance."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, TypeVar

Thing = TypeVar("Thing")


@cache
def words() -> dict[str, Any]:
    """All that the demo data is made of."""
    return tomllib.loads(Path(__file__).with_name("demo.toml").read_text(encoding="utf-8"))


def dice(seed: int) -> Random:
    """Chance that falls the same way every time for the same seed."""
    return Random(seed)  # noqa: S311  # nothing here is a secret


@dataclass(frozen=True)
class Company:
    """An invented company."""

    name: str
    domain: str
    industry: str


def companies(chance: Random) -> Iterator[Company]:
    """Invented companies without end, each name and domain once."""
    parts = words()["accounts"]
    stems = [head + tail for head in parts["heads"] for tail in parts["tails"]]
    pairs = [(stem, trade) for stem in stems for trade in parts["trades"]]
    chance.shuffle(pairs)
    generation = 1
    while True:
        for stem, trade in pairs:
            called, _colon, industry = trade.partition(":")
            number = "" if generation == 1 else f" {generation}"
            slug = f"{stem}-{called}{number}".lower().replace(" ", "-")
            yield Company(f"{stem} {called}{number}", f"{slug}.example", industry)
        generation += 1


def person(chance: Random, domain: str) -> dict[str, str]:
    """An invented person at a company, as the services take a contact."""
    parts = words()["accounts"]
    first, last = chance.choice(parts["first_names"]), chance.choice(parts["last_names"])
    return {"name": f"{first} {last}", "email": f"{first}.{last}@{domain}".lower()}


def zipf(count: int) -> list[float]:
    """Weights by rank: the second is chosen half as often as the first (Zipf, exponent 1)."""
    return [1 / rank for rank in range(1, count + 1)]


def weighted(chance: Random, things: Sequence[Thing], weights: Sequence[float]) -> Thing:
    """One of several things, some of them likelier than others."""
    return chance.choices(things, weights)[0]


def happens(chance: Random, probability: float) -> bool:
    """Whether something happens that does so with a probability from 0 to 1."""
    return chance.random() < probability
