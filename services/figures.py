"""The arithmetic of the demand report. Pure: columns of integers in, exact integers out.

Money is in minor units and never a float. The unit is the pair (feature, account): however often
an account asks for a feature, it is one, and its importance is the highest of its asks in scope.
"""

from dataclasses import dataclass
from functools import cache
from math import comb

import numpy as np

from services.apportionment import Shares, apportion
from services.columns import (
    BLOCKER,
    CHURNED,
    CUSTOMER,
    LOST,
    NO,
    OPEN,
    PROSPECT,
    RANKED,
    UNANSWERED,
    WITHDRAWN,
    YES,
    Columns,
    Ints,
    Mask,
    Scope,
)

MILLION = 1_000_000
DAY_BITS, IMPORTANCE_BITS = 22, 2  # of proleptic ordinals up to the year 9999, and of 0 to 3
WINDOW = 90  # days of a trend's windows
RENEWAL = 180  # days ahead in which a renewal counts as near
FLAGGED = 40  # per cent of the ARR from which the largest account is pointed at


@dataclass(frozen=True)
class Sums:
    """Figures of g groups: one for each feature, or a single one for the totals.

    Each is an array of g counts or amounts; `*_apart` are g rows of amounts by currency, for what
    is in another currency than the report's. Pairs are of customers and of prospects.
    """

    customers: Ints
    arr: Ints
    arr_unknown: Ints
    arr_apart: Ints
    renewing: Ints
    expansion: Ints
    expansion_apart: Ints
    prospects: Ints
    pipeline: Ints
    pipeline_apart: Ints
    weighted: Ints
    probability_unknown: Ints
    amount_unknown: Ints
    apportioned: Ints
    blockers: tuple[Ints, Ints]
    held: tuple[Ints, Ints]
    held_amount: tuple[Ints, Ints]
    held_apart: Ints
    lost: tuple[Ints, Ints]
    lost_amount: tuple[Ints, Ints]
    lost_apart: Ints
    churned: Ints


@dataclass(frozen=True)
class Figures:
    """The report: arrays of f features, and the totals over distinct accounts, deals, promises."""

    asks: Ints
    unanswered: Ints
    kinds: tuple[Ints, Ints, Ints]  # yes, no, ranked
    last_day: Ints  # -1 without asks
    recent: Ints  # live accounts that first asked in the last 90 days
    earlier: Ints  # and in the 90 days before
    largest_account: Ints  # -1 where no ARR is known
    sums: Sums
    totals: Sums  # of a single group
    total_asks: int
    total_unanswered: int
    untriaged: int
    withdrawn: int


def figures(columns: Columns, scope: Scope) -> Figures:
    """All figures of a demand report.

    Untriaged and withdrawn asks are counted apart, and nowhere else. Promises and lost deals pass
    the filters of accounts and features, not those of asks: they are about the feature, whoever
    asked when.

    Args:
        columns: n asks of a accounts for f features, o deals, m promises.
        scope: Masks of n asks, a accounts and f features.

    Returns:
        Arrays of f features, and totals.
    """
    number = len(columns.feature_key)
    standing = scope.ask & (columns.ask_state != WITHDRAWN)
    counted = np.flatnonzero(standing & (columns.ask_feature >= 0))
    feature = columns.ask_feature[counted].astype(np.int64)
    state, kind = columns.ask_state[counted], columns.ask_kind[counted]
    last_day = np.full(number, -1, np.int64)
    np.maximum.at(last_day, feature, columns.ask_day[counted])
    shares = apportion(columns, scope.weights)
    each = _Grouped(columns, scope, counted, feature, number)
    whole = _Grouped(columns, scope, counted, np.zeros_like(feature), 1)
    recent, earlier = each.trend()
    fits = np.append(scope.feature, False)
    held = np.where(fits[columns.held_feature], columns.held_feature, -1)
    lost = np.where(fits[columns.opportunity_lost_to], columns.opportunity_lost_to, -1)
    return Figures(
        asks=np.bincount(feature, minlength=number),
        unanswered=np.bincount(feature[state == UNANSWERED], minlength=number),
        kinds=(
            np.bincount(feature[kind == YES], minlength=number),
            np.bincount(feature[kind == NO], minlength=number),
            np.bincount(feature[kind == RANKED], minlength=number),
        ),
        last_day=last_day,
        recent=recent,
        earlier=earlier,
        largest_account=each.largest(),
        sums=each.sums(shares, held, lost),
        totals=whole.sums(_only_named(each, shares), np.minimum(held, 0), np.minimum(lost, 0)),
        total_asks=len(counted),
        total_unanswered=int((state == UNANSWERED).sum()),
        untriaged=int((standing & (columns.ask_feature < 0)).sum()),
        withdrawn=int((scope.ask & (columns.ask_state == WITHDRAWN)).sum()),
    )


def _only_named(each: "_Grouped", shares: Shares) -> Shares:
    """The shares of features and deals that asks in scope name together, as one group."""
    kept = each.names(shares.group, shares.deal)
    return Shares(np.zeros_like(shares.group[kept]), shares.deal[kept], shares.amount[kept])


class _Grouped:
    """Asks in scope, by group: the feature each is for, or all in one."""

    def __init__(
        self, columns: Columns, scope: Scope, counted: Ints, group: Ints, number: int
    ) -> None:
        self.columns, self.scope, self.number = columns, scope, number
        accounts = max(1, len(columns.account_arr))
        # Pair, day and importance in one number: sorting values is many times quicker than places.
        packed = group * accounts + columns.ask_account[counted]
        packed = (packed << DAY_BITS) | columns.ask_day[counted]
        packed = np.sort((packed << IMPORTANCE_BITS) | columns.ask_importance[counted])
        day = packed >> IMPORTANCE_BITS
        starts = np.flatnonzero(np.diff(day >> DAY_BITS, prepend=-1))
        # Distinct (group, account), with their highest importance and first day.
        self.group, self.account = np.divmod(day[starts] >> DAY_BITS, accounts)
        importance = packed & ((1 << IMPORTANCE_BITS) - 1)
        self.importance = np.maximum.reduceat(importance, starts)
        self.first_day = day[starts] & ((1 << DAY_BITS) - 1)
        self.lifecycle = columns.account_lifecycle[self.account]
        # Distinct (group, deal).
        self._deals = max(1, len(columns.opportunity_amount))
        deal = columns.ask_opportunity[counted]
        named = np.sort(group[deal >= 0] * self._deals + deal[deal >= 0])
        self._named = named[np.diff(named, prepend=-1) > 0]
        self.deal_group, self.deal = np.divmod(self._named, self._deals)

    def names(self, group: Ints, deal: Ints) -> Mask:
        """Which of these (group, deal) asks in scope name."""
        key = group * self._deals + deal
        found: Mask = np.append(self._named, -1)[np.searchsorted(self._named, key)] == key
        return found

    def count(self, group: Ints) -> Ints:
        """How many rows each group has."""
        return np.bincount(group, minlength=self.number).astype(np.int64)

    def money(self, group: Ints, amount: Ints, currency: Ints) -> tuple[Ints, Ints]:
        """Sums in the report's currency by group; and by group and currency what is in others."""
        known = amount >= 0
        ours = known & (currency == self.scope.currency)
        others = known & ~ours
        total = np.zeros(self.number, np.int64)
        np.add.at(total, group[ours], amount[ours])
        apart = np.zeros((self.number, max(1, self.scope.currencies)), np.int64)
        np.add.at(apart, (group[others], currency[others]), amount[others])
        return total, apart

    def of_deals(self, group: Ints, deal: Ints) -> tuple[Ints, Ints]:
        """`money` of deals."""
        amount, currency = self.columns.opportunity_amount, self.columns.opportunity_currency
        return self.money(group, amount[deal], currency[deal])

    def trend(self) -> tuple[Ints, Ints]:
        """Live accounts that first asked within the last 90 days, and in the 90 before."""
        age = self.scope.today - self.first_day
        live = self.lifecycle == CUSTOMER
        recent = live & (age < WINDOW)  # half the world is a day ahead of UTC for some hours
        earlier = live & (age >= WINDOW) & (age < 2 * WINDOW)
        return self.count(self.group[recent]), self.count(self.group[earlier])

    def largest(self) -> Ints:
        """The live account with the largest ARR in each group, -1 where none is known.

        Of equal ones that with the smallest id, wherever it stands in the columns.
        """
        worth = self.columns.account_arr[self.account]
        ours = self.columns.account_currency[self.account] == self.scope.currency
        known = np.flatnonzero((self.lifecycle == CUSTOMER) & (worth >= 0) & ours)
        found = np.full(self.number, -1, np.int64)
        upper, lower = (key[self.account[known]] for key in self.columns.account_key)
        rising = known[np.lexsort((lower, upper, -worth[known]))][::-1]
        found[self.group[rising]] = self.account[rising]
        return found

    def sums(self, shares: Shares, held_group: Ints, lost_group: Ints) -> Sums:
        """Every sum by group.

        Args:
            shares: Of deals, by the same groups.
            held_group: The group of each promise, -1 where it is in none.
            lost_group: The group of each deal, -1 where it was not lost to a feature in scope.
        """
        columns, today = self.columns, self.scope.today
        customer, prospect = self.lifecycle == CUSTOMER, self.lifecycle == PROSPECT
        group, account = self.group[customer], self.account[customer]
        worth, currency = columns.account_arr[account], columns.account_currency[account]
        arr, arr_apart = self.money(group, worth, currency)
        renews = columns.account_renews[account]
        near = (renews >= today) & (renews <= today + RENEWAL)
        renewing, _apart = self.money(group[near], worth[near], currency[near])
        is_open = columns.opportunity_outcome[self.deal] == OPEN
        whose = columns.account_lifecycle[columns.opportunity_account[self.deal]]
        grows = is_open & (whose == CUSTOMER)
        expansion, expansion_apart = self.of_deals(self.deal_group[grows], self.deal[grows])
        wanted = is_open & (whose == PROSPECT)
        deal_group, deal = self.deal_group[wanted], self.deal[wanted]
        pipeline, pipeline_apart = self.of_deals(deal_group, deal)
        weighted = self._weighted(deal_group, deal)
        unknown = columns.opportunity_probability[deal] < 0
        unpriced = columns.opportunity_amount[deal] < 0
        blocker = self.importance == BLOCKER
        held, held_amount, held_apart = self._held(held_group)
        lost, lost_amount, lost_apart = self._lost(lost_group)
        return Sums(
            customers=self.count(group),
            arr=arr,
            arr_unknown=self.count(group[worth < 0]),
            arr_apart=arr_apart,
            renewing=renewing,
            expansion=expansion,
            expansion_apart=expansion_apart,
            prospects=self.count(self.group[prospect]),
            pipeline=pipeline,
            pipeline_apart=pipeline_apart,
            weighted=weighted,
            probability_unknown=self.count(deal_group[unknown]),
            amount_unknown=self.count(deal_group[unpriced]),
            apportioned=self._apportioned(shares),
            blockers=(
                self.count(self.group[customer & blocker]),
                self.count(self.group[prospect & blocker]),
            ),
            held=held,
            held_amount=held_amount,
            held_apart=held_apart,
            lost=lost,
            lost_amount=lost_amount,
            lost_apart=lost_apart,
            churned=self.count(self.group[self.lifecycle == CHURNED]),
        )

    def _weighted(self, group: Ints, deal: Ints) -> Ints:
        """Amount times probability, rounded once, half to even."""
        columns = self.columns
        amount, chance = columns.opportunity_amount[deal], columns.opportunity_probability[deal]
        ours = (amount >= 0) & (columns.opportunity_currency[deal] == self.scope.currency)
        sure = ours & (chance >= 0)
        # The product may pass 64 bits, so whole millions of the amount are taken apart.
        whole = np.zeros(self.number, np.int64)
        np.add.at(whole, group[sure], amount[sure] // MILLION * chance[sure])
        rest = np.zeros(self.number, np.int64)
        np.add.at(rest, group[sure], amount[sure] % MILLION * chance[sure])
        whole, rest = whole + rest // MILLION, rest % MILLION
        up = (2 * rest > MILLION) | ((2 * rest == MILLION) & (whole % 2 == 1))
        weighted: Ints = whole + up
        return weighted

    def _apportioned(self, shares: Shares) -> Ints:
        columns = self.columns
        account = columns.opportunity_account[shares.deal]
        kept = self.names(shares.group, shares.deal)
        kept &= columns.account_lifecycle[account] == PROSPECT
        kept &= columns.opportunity_currency[shares.deal] == self.scope.currency
        total = np.zeros(self.number, np.int64)
        np.add.at(total, shares.group[kept], shares.amount[kept])
        return total

    def _held(self, group: Ints) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints], Ints]:
        """Promises in contracts, and what waits on them: each deal or renewal once a group."""
        columns = self.columns
        account, deal = columns.held_account, columns.held_opportunity
        # A lost deal waits for nothing any more; what was promised binds until it is released.
        waits = np.append(columns.opportunity_outcome, OPEN)[deal] != LOST
        counts, amounts = [], []
        apart = np.zeros((self.number, max(1, self.scope.currencies)), np.int64)
        for lifecycle in (CUSTOMER, PROSPECT):
            mine = self.scope.account[account] & (columns.account_lifecycle[account] == lifecycle)
            mine &= group >= 0
            counts.append(self.count(group[mine]))
            on_deal, on_renewal = mine & waits & (deal >= 0), mine & (deal < 0)
            deal_group, deals = _distinct(group[on_deal], deal[on_deal])
            of_deals, deals_apart = self.of_deals(deal_group, deals)
            account_group, accounts = _distinct(group[on_renewal], account[on_renewal])
            of_accounts, accounts_apart = self.money(
                account_group, columns.account_arr[accounts], columns.account_currency[accounts]
            )
            amounts.append(of_deals + of_accounts)
            apart += deals_apart + accounts_apart
        return (counts[0], counts[1]), (amounts[0], amounts[1]), apart

    def _lost(self, group: Ints) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints], Ints]:
        """Deals that were lost to a feature."""
        columns = self.columns
        account = columns.opportunity_account
        lost = (group >= 0) & (columns.opportunity_lost_to >= 0)
        lost &= (columns.opportunity_outcome == LOST) & self.scope.account[account]
        counts, amounts = [], []
        apart = np.zeros((self.number, max(1, self.scope.currencies)), np.int64)
        for lifecycle in (CUSTOMER, PROSPECT):
            mine = np.flatnonzero(lost & (columns.account_lifecycle[account] == lifecycle))
            counts.append(self.count(group[mine]))
            amount, others = self.of_deals(group[mine], mine)
            amounts.append(amount)
            apart += others
        return (counts[0], counts[1]), (amounts[0], amounts[1]), apart


def _distinct(group: Ints, thing: Ints) -> tuple[Ints, Ints]:
    size = int(thing.max(initial=0)) + 1
    key = np.unique(group.astype(np.int64) * size + thing)
    return key // size, key % size


def direction(recent: int, earlier: int) -> int:
    """Whether demand rises (1) or falls (-1), or whether that may be chance (0).

    Args:
        recent: x, accounts that first asked in the last window.
        earlier: y, accounts that first asked in the window before.

    Source:
        Two-sided exact binomial test of x against Bin(x + y, 1/2), twice the smaller tail.
    """
    if min(recent, earlier) > _edge(recent + earlier):
        return 0
    return 1 if recent > earlier else -1


@cache
def _edge(total: int) -> int:
    """The most successes in `total` tosses of a fair coin with p < 0.1 on that side; -1: none.

    It walks outwards from the middle until that holds over nine tenths, in whole numbers: some
    sqrt(total) steps, where adding up a tail would take total / 2.
    """
    least = (total - 1) // 2
    ways = comb(total, least + 1)  # of the outermost number that is in the middle
    middle = ways if total % 2 == 0 else 0  # ways of least + 1 to total - least - 1
    while 10 * middle <= 9 * 2**total:
        ways = ways * (least + 1) // (total - least)
        middle += 2 * ways
        least -= 1
    return least
