"""Sharing a deal out over the features asked for in it, to the last minor unit. Pure."""

from dataclasses import dataclass

import numpy as np

from services.columns import OPEN, WITHDRAWN, Columns, Ints


@dataclass(frozen=True)
class Shares:
    """What a feature gets of a deal: rows of feature (or group), deal and minor units."""

    group: Ints
    deal: Ints
    amount: Ints


def apportion(columns: Columns, weights: tuple[int, int, int]) -> Shares:
    """Share every open deal out over the features asked for in it, by importance.

    All standing asks of the deal take part, whatever a report filters. A feature weighs as the
    highest importance with which it is asked for there. What the whole minor units leave over
    goes to the largest remainders, ties by feature id, so that the shares of a deal add up to its
    amount exactly.

    Args:
        columns: n asks, o deals.
        weights: Of nice to have, important and blocker.

    Returns:
        A row a (feature, deal).

    Source:
        Largest remainder method (Hamilton 1792).
    """
    takes_part = (columns.ask_state != WITHDRAWN) & (columns.ask_feature >= 0)
    takes_part &= columns.ask_opportunity >= 0
    asked = np.flatnonzero(takes_part)
    asked = asked[
        (columns.opportunity_outcome[columns.ask_opportunity[asked]] == OPEN)
        & (columns.opportunity_amount[columns.ask_opportunity[asked]] >= 0)
    ]
    number = max(1, len(columns.feature_key))
    key = columns.ask_opportunity[asked].astype(np.int64) * number + columns.ask_feature[asked]
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    if not len(starts):
        none = np.zeros(0, np.int64)
        return Shares(none, none, none)
    deal, feature = key[starts] // number, key[starts] % number
    importance = np.maximum.reduceat(columns.ask_importance[asked][order], starts)
    weight = np.array((0, *weights), np.int64)[importance]
    first = np.flatnonzero(np.diff(deal, prepend=-1))
    sizes = np.diff(np.append(first, len(deal)))
    together = np.repeat(np.add.reduceat(weight, first), sizes)
    amount = columns.opportunity_amount[deal]
    # amount * weight may pass 64 bits, so the whole parts and the remainders are taken apart.
    share = amount // together * weight + amount % together * weight // together
    remainder = amount % together * weight % together
    left = np.repeat(columns.opportunity_amount[deal[first]] - np.add.reduceat(share, first), sizes)
    rank_of = np.empty(number, np.int64)
    rank_of[sorted(range(len(columns.feature_key)), key=columns.feature_key.__getitem__)] = (
        np.arange(len(columns.feature_key))
    )
    by_remainder = np.lexsort((rank_of[feature], -remainder, deal))
    place = np.arange(len(deal)) - np.repeat(first, sizes)
    share[by_remainder] += place < left[by_remainder]
    return Shares(feature, deal, share)
