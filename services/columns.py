"""What the demand report is made of: columns of integers, read-only, and what it is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[Any]
Mask = NDArray[np.bool_]

PROSPECT, CUSTOMER, CHURNED = 0, 1, 2
UNANSWERED, ANSWERED, WITHDRAWN = 0, 1, 2
YES, NO, RANKED = 0, 1, 2
BLOCKER = 3
OPEN, LOST = 0, 2


@dataclass(frozen=True)
class Columns:
    """What reports are made of: a column an attribute, a row an element, all of them read-only.

    Shapes: `ask_*` n asks, `account_*` a accounts, `opportunity_*` o deals, `held_*` m promises,
    `feature_key` f features. References are places in the other columns, -1 for none. Amounts are
    minor units, -1 where unknown; probabilities millionths; days proleptic ordinals.
    """

    ask_feature: Ints  # the surviving feature, -1 untriaged
    ask_account: Ints
    ask_product: Ints
    ask_opportunity: Ints
    ask_importance: Ints  # 1 nice to have, 2 important, 3 blocker
    ask_state: Ints  # 0 unanswered, 1 answered, 2 withdrawn
    ask_kind: Ints  # current answer: 0 yes, 1 no, 2 ranked, -1 none
    ask_day: Ints
    account_lifecycle: Ints  # 0 prospect, 1 customer, 2 churned
    account_arr: Ints
    account_currency: Ints
    account_segment: Ints
    account_industry: Ints
    account_region: Ints
    account_renews: Ints
    account_live: Mask  # false for accounts that were merged away
    account_key: tuple[Ints, Ints]  # upper and lower 64 bits of ids, for ties
    opportunity_account: Ints
    opportunity_amount: Ints
    opportunity_currency: Ints
    opportunity_probability: Ints
    opportunity_outcome: Ints  # 0 open, 1 won, 2 lost
    opportunity_lost_to: Ints
    feature_key: Sequence[bytes]  # ids, for ties
    held_feature: Ints  # of contractual promises that bind
    held_account: Ints
    held_opportunity: Ints  # -1 where the ARR of a renewal waits


@dataclass(frozen=True)
class Scope:
    """What a report is about: the asks, accounts and features that pass its filters."""

    ask: Mask
    account: Mask
    feature: Mask  # whose promises and lost deals count
    currency: int  # of the report; other currencies are in no sum
    currencies: int  # how many there are
    today: int
    weights: tuple[int, int, int] = (1, 2, 3)  # nice to have, important, blocker
