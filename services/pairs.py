"""Which standing answers contradict an earlier one: whole columns at once. Pure."""

from dataclasses import dataclass

import numpy as np

from services.columns import NO, YES, Ints, Mask

NONE = -1


@dataclass(frozen=True)
class Answers:
    """Answers about features, an element each; instants are in microseconds."""

    feature: Ints
    account: Ints
    kind: Ints
    at: Ints


def joined(some: Answers, more: Answers) -> Answers:
    """Two lots of answers as one, the first lot first."""
    return Answers(
        np.concatenate((some.feature, more.feature)),
        np.concatenate((some.account, more.account)),
        np.concatenate((some.kind, more.kind)),
        np.concatenate((some.at, more.at)),
    )


def same_account(answers: Answers) -> Ints:
    """For each answer the last one of another kind that its account had before; -1 for none."""
    order = np.lexsort((answers.at, answers.account, answers.feature))
    return _before(order, (answers.feature, answers.account), answers.kind)


def other_account(answers: Answers, longest: int) -> Ints:
    """For each yes the last no, and for each no the last yes, that another account had before.

    Args:
        answers: n answers.
        longest: Microseconds from which two answers are too far apart to contradict.

    Returns:
        The places of the earlier ones; -1 for none.
    """
    number = len(answers.kind)
    spoken = np.flatnonzero((answers.kind == YES) | (answers.kind == NO))
    feature, account = answers.feature[spoken], answers.account[spoken]
    kind, at = answers.kind[spoken], answers.at[spoken]
    last = _before(np.lexsort((at, feature)), (feature,), kind)
    # Where that one is of the same account, the last before it of any other one is looked for.
    further = _before(np.lexsort((at, kind, feature)), (feature, kind), account)
    own = (last != NONE) & (account[last] == account)
    last = np.where(own, further[last], last)
    near = (last != NONE) & (at - at[last] <= longest)
    found = np.full(number, NONE)
    found[spoken[near]] = spoken[last[near]]
    return found


def _before(order: Ints, within: tuple[Ints, ...], value: Ints) -> Ints:
    """For each row the last one before it, in an order, whose value differs; -1 for none.

    Args:
        order: The rows: groups together, and in each group the earlier ones first.
        within: What the rows of a group have alike.
        value: What must differ.
    """
    found = np.full(len(order), NONE)
    if not len(order):
        return found
    new_group = _changes([column[order] for column in within])
    new_run = new_group | _changes([value[order]])
    rows = np.arange(len(order))
    run = np.maximum.accumulate(np.where(new_run, rows, 0))
    there = run > np.maximum.accumulate(np.where(new_group, rows, 0))
    found[order[there]] = order[run[there] - 1]
    return found


def _changes(columns: list[Ints]) -> Mask:
    """Where a row differs from the one before it; the first one does."""
    differs = np.ones(len(columns[0]), np.bool_)
    differs[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return differs
