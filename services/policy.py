"""What the operator decided about how we work: plain values, handed down from the settings."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Policy:
    """The operator's decisions that rules rest on."""

    currency: str = "USD"  # of reports; ISO 4217
    answer_days: int = 5  # working days in which an ask is answered
    holidays: frozenset[date] = field(default_factory=frozenset)
    public_url: str = "http://127.0.0.1:8000"
    importance_weights: tuple[int, int, int] = (1, 2, 3)  # nice to have, important, blocker
    bar_rearm_percent: int = 60  # demand must fall below this part of the bar
    bar_rearm_days: int = 90  # and this long must pass, before the event fires again
