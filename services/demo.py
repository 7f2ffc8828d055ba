"""Demo data: a company's asks of one year and how they were answered, the same for the same seed.

Everything is made by the services on behalf of invented people, so every rule holds for it. Only
when an ask was logged and answered is set back in time, so that some answers are overdue.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from models.account import Account
from models.ask import Ask, AskNew, Importance, Source
from models.base import utc_now, utc_today
from models.feature import COMMITABLE, Feature, FeatureNew, FeatureStatus
from models.product import Product, ProductNew
from models.response import Channel, NoNew, RankedNew, ToldNew, YesNew
from models.user import Role, User, UserNew
from services import asks, bars, features, products, responses, users
from services.demo_accounts import Asking, make_accounts, make_deals
from services.demo_words import dice, happens, weighted, words, zipf
from services.permissions import Caller
from services.policy import Policy

ASKS = 1500
ACCOUNTS_AN_ASK = 400 / 1500
FEWEST_ACCOUNTS = 8
DAYS = 365
LATE = 30  # days after which everything is answered
FRESH = 8  # days in which an ask is likely to be still without feature and answer
ORIGINS = (asks.FROM_FORM, asks.FROM_API, asks.Origin(Source.hubspot, "hubspot"))
IMPORTANCES = (Importance.nice_to_have, Importance.important, Importance.blocker)


@dataclass(frozen=True)
class Wanted:
    """A feature on file, and the words in which customers ask for it."""

    feature: Feature
    said: dict[str, Any]
    weight: float


@dataclass(frozen=True)
class Office:
    """Where the demo data goes: its people by role, and chance."""

    session: Session
    policy: Policy
    chance: Random
    people: dict[Role, list[Caller]]

    def somebody(self, role: Role) -> Caller:
        """A person with that role."""
        return self.chance.choice(self.people[role])


def is_empty(session: Session) -> bool:
    """Whether nothing is on file that demo data would mix with; people do not count."""
    return not any(
        session.exec(select(table.id).limit(1)).first() for table in (Product, Account, Ask)
    )


def guests(session: Session) -> list[User]:
    """The invented SE, PM and administrator, as far as they are on file."""
    found = []
    for said in words()["people"][:3]:
        user = session.exec(select(User).where(User.email == said["email"])).first()
        if user is not None and user.active:
            found.append(user)
    return found


def fill(
    session: Session, policy: Policy, *, size: int = ASKS, seed: int = 1
) -> Iterator[tuple[int, int]]:
    """Fill an empty database. Whoever goes through the steps commits at the end.

    Args:
        session: A writing session.
        policy: In how many working days asks are answered.
        size: How many asks; there are 400 accounts for every 1,500.
        seed: The same seed gives the same names, words and amounts; dates count from today.

    Yields:
        How many steps of how many are done.
    """
    chance = dice(seed)
    office = Office(session, policy, chance, _people(session))
    count = max(FEWEST_ACCOUNTS, round(size * ACCOUNTS_AN_ASK))
    steps, done = count + size, 0
    wanted = _catalogue(office)
    managers = [each.email for each in office.people[Role.account_manager]]
    askers = []
    plain = [each.feature for each in wanted]
    for asking in make_accounts(session, office.somebody(Role.se), chance, count, managers):
        make_deals(session, office.somebody(Role.se), policy, chance, asking, plain)
        askers.append(asking)
        done += 1
        yield done, steps
    liking = _affinities(chance, askers, wanted)
    moments = sorted(_moment(chance) for _ in range(size))
    asking_now = chance.choices(askers, [each.busy for each in askers], k=size)
    for moment, asking in zip(moments, asking_now, strict=True):
        _ask(office, asking, weighted(chance, wanted, liking[asking.segment]), moment, wanted)
        done += 1
        yield done, steps
    _merge(office, wanted)


def _people(session: Session) -> dict[Role, list[Caller]]:
    found: dict[Role, list[Caller]] = {role: [] for role in Role}
    for said in words()["people"]:
        user = session.exec(select(User).where(User.email == said["email"])).first()
        user = user or users.add_user(session, UserNew(**said))
        found[user.role].append(users.caller_for(user))
    return found


def _catalogue(office: Office) -> list[Wanted]:
    pm = office.people[Role.pm][0]
    by_name = {
        said["name"]: products.create_product(office.session, pm, ProductNew(**said))
        for said in words()["products"]
    }
    kept = ("title", "area", "status", "decline_reason", "shareable")
    wanted = []
    for said, weight in zip(words()["features"], zipf(len(words()["features"])), strict=True):
        due = utc_today() + timedelta(days=said["due"]) if "due" in said else None
        new = FeatureNew(
            product_id=by_name[said["product"]].id,
            target_on=due,
            owner_email=pm.email,
            **{name: said[name] for name in kept if name in said},
        )
        feature = features.create_feature(office.session, pm, new)
        wanted.append(Wanted(feature, said, weight))
    return wanted


def _affinities(
    chance: Random, askers: list[Asking], wanted: list[Wanted]
) -> dict[Any, list[float]]:
    """How much each size of company wants each feature: its popularity, times a taste."""
    segments = sorted({each.segment for each in askers})
    return {
        segment: [each.weight * chance.lognormvariate(0, 0.8) for each in wanted]
        for segment in segments
    }


def _moment(chance: Random) -> datetime:
    """When an ask was logged: in office hours, more of them lately than a year ago."""
    ago = DAYS * (1 - chance.random() ** 0.7)
    day = utc_today() - timedelta(days=int(ago))
    at = time(chance.randrange(7, 18), chance.randrange(60), tzinfo=UTC)
    return datetime.combine(day, at)


def _ask(
    office: Office, asking: Asking, want: Wanted, moment: datetime, wanted: list[Wanted]
) -> None:
    """One ask, and what became of it by today."""
    chance, session = office.chance, office.session
    moment = min(moment, utc_now())
    asked_on = moment.date() - timedelta(days=weighted(chance, (0, 1, 2, 5), (6, 2, 1, 1)))
    age = (utc_today() - moment.date()).days
    untriaged = happens(chance, 0.3 if age < FRESH else 0.01)
    text = words()["words"]
    pain, other = chance.choice(want.said["pains"]), chance.choice(want.said["pains"])
    verbatim = chance.choice(text["verbatims"]).format(
        pain=pain, need=want.said["need"], who=chance.choice(text["who"])
    )
    titles = text["untriaged"] if untriaged else want.said["asks"]
    new = AskNew(
        account={"id": asking.account.id},
        title=chance.choice(titles),
        verbatim=None if untriaged else verbatim,
        why=other if other != pain else None,
        importance=weighted(chance, IMPORTANCES, (3, 5, 2)),
        product_id=want.feature.product_id,
        feature_id=None if untriaged else want.feature.id,
        opportunity_id=asking.deals[0].id if asking.deals and happens(chance, 0.6) else None,
        contact=chance.choice(asking.people) if happens(chance, 0.8) else None,
        asked_on=asked_on,
    )
    origin = weighted(chance, ORIGINS, (6, 3, 1))
    se = office.somebody(Role.se)
    ask, _new = asks.log_ask(session, se, office.policy, new, origin, logged_at=moment)
    if happens(chance, 0.015):
        reason = chance.choice(text["withdrawn"])
        asks.withdraw_ask(session, se, office.policy, ask.id, reason)
    elif happens(chance, 0.45 if age < FRESH else 0.9 if age < LATE else 1):
        _answer(office, se, ask, None if untriaged else want, wanted)


def _answer(
    office: Office,
    se: Caller,
    ask: Ask,
    want: Wanted | None,
    wanted: list[Wanted],
) -> None:
    """Answer an ask as the facts allow, some days after it was logged."""
    chance = office.chance
    given_at = _later(chance, ask.created_at)
    if want is None:
        given: Any = NoNew(kind="no", basis="out_of_scope")
    else:
        bases = _bases(office, want.feature, given_at.date())
        basis = weighted(chance, list(bases), list(bases.values()))
        if basis == "ranked":
            order = _order(chance, want, wanted)
            said = _words(chance, basis, want)
            given = RankedNew(kind="ranked", order=order, message=said)
        elif basis in {"available", "committed"}:
            given = _yes(office, ask, want, basis)
        else:
            given = NoNew(kind="no", basis=basis, message=_words(chance, basis, want))
    by = office.somebody(Role.pm) if happens(chance, 0.2) else se
    if given.kind == "yes" and given.basis == "committed" and happens(chance, 0.06):
        # What was refused first, before the plan had a date, stays on file.
        first = NoNew(kind="no", basis="not_planned")
        responses.give_response(office.session, se, office.policy, ask.id, first, given_at=given_at)
        given.supersedes_reason = chance.choice(words()["words"]["superseded"])
        given_at = _later(chance, given_at)
    given.told = _told(chance, given_at.date())
    responses.give_response(office.session, by, office.policy, ask.id, given, given_at=given_at)


def _bases(office: Office, feature: Feature, on: date) -> dict[str, int]:
    """What can be said straight about a feature on a day, and how often it is."""
    if feature.status is FeatureStatus.shipped:
        return {"available": 1}
    if feature.status in COMMITABLE and feature.target_on is not None:
        return {"committed": 8, "ranked": 2} if on <= feature.target_on else {"not_planned": 1}
    if feature.status is FeatureStatus.declined:
        return {"out_of_scope": 2, "not_planned": 1}
    bar = bars.bar_of(office.session, feature)
    if bar is None:
        return {"ranked": 7, "not_planned": 3}
    if bars.standing(office.session, feature).reaches(bar):
        return {"ranked": 6, "not_planned": 3}
    return {"insufficient_demand": 6, "ranked": 3, "not_planned": 2}


def _yes(office: Office, ask: Ask, want: Wanted, basis: str) -> YesNew:
    chance = office.chance
    held = basis == "committed" and ask.opportunity_id is not None and happens(chance, 0.4)
    return YesNew(
        kind="yes",
        basis=basis,
        how=want.said["how"] if basis == "available" else None,
        contractual=held,
        contract_reference=chance.choice(words()["words"]["contracts"]) if held else None,
        message=_words(chance, basis, want),
    )


def _words(chance: Random, basis: str, want: Wanted) -> str:
    due = want.feature.target_on
    said: str = chance.choice(words()["words"]["messages"][basis])
    return said.format(
        feature=want.feature.title,
        due=f"{due.day} {due:%B %Y}" if due else "",
        how=want.said.get("how", ""),
    )


def _order(chance: Random, want: Wanted, wanted: list[Wanted]) -> list[UUID]:
    """How a customer orders the asked feature among others of its product."""
    same = want.feature.product_id
    others = [
        each
        for each in wanted
        if each.feature.shareable and each.feature.product_id == same and each is not want
    ]
    shown = [want, *chance.sample(others, min(len(others), chance.randint(2, 5)))]
    # What is asked for matters more to whoever asks; taste does the rest.
    worth = {
        each.feature.id: each.weight * (3 if each is want else 1) * chance.lognormvariate(0, 0.6)
        for each in shown
    }
    return sorted(worth, key=lambda each: -worth[each])


def _later(chance: Random, moment: datetime) -> datetime:
    """When an ask is answered that was logged then, or an answer changed: within some days."""
    after = timedelta(days=chance.randrange(6), minutes=chance.randrange(5, 60))
    return min(utc_now(), moment + after)


def _told(chance: Random, given_on: date) -> ToldNew | None:
    """That the customer was told, never before the answer was given; sometimes nobody is yet."""
    if happens(chance, 0.2):
        return None
    on = min(utc_today(), given_on + timedelta(days=chance.randrange(4)))
    return ToldNew(channel=chance.choice([*Channel]), on=on)


def _merge(office: Office, wanted: list[Wanted]) -> None:
    """Merge the features that turned out to be the same."""
    pm = office.people[Role.pm][0]
    by_title = {each.said["title"]: each for each in wanted}
    for each in wanted:
        if "into" in each.said:
            into = by_title[each.said["into"]].feature.id
            features.merge_features(office.session, pm, office.policy, each.feature.id, into)
