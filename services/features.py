"""What one may do with a feature."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.feature import (
    COMMITABLE,
    Feature,
    FeatureChange,
    FeatureFields,
    FeatureNew,
    FeatureStatus,
)
from models.product import Product
from services import bar_changes, bars, commitments, decisions, paging
from services.errors import Conflict, Merged, invalid
from services.permissions import Caller, Permission
from services.policy import Policy
from services.revisions import check_version, given, load, named, revise, touch

NULLABLE = frozenset(
    {
        "description", "decline_reason", "target_on", "owner_email", "public_title", "demand_bar",
        "bar_reason", "area", "override_reason",
    }
)  # fmt: skip

COMING = COMMITABLE | {FeatureStatus.shipped}  # a promise of it can be kept, or was


class NotMerged(Conflict):
    """It was not merged into anything, so there is nothing to take back."""

    slug, title = "not-merged", "Not merged"
    cure = "Only a feature with `merged_into` can be unmerged."


def create_feature(session: Session, by: Caller, new: FeatureNew) -> Feature:
    """Put a feature on file.

    Raises:
        NotPermitted: `by` may not change the catalogue.
        Invalid: The product is unknown, the status lacks its reason or target, or a reason is
            given for no bar.
    """
    by.require(Permission.catalog_write)
    named(session, Product, new.product_id, "product_id")
    _check(new.status, new.decline_reason, new.target_on)
    values = _columns(new, FeatureFields.model_fields.keys())
    feature = Feature(product_id=new.product_id, title=new.title, changed_by=by.id, **values)
    session.add(feature)
    session.flush()
    return feature


def get_feature(session: Session, by: Caller, feature_id: UUID) -> Feature:
    """Read one feature, merged or not.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: There is none.
    """
    by.require(Permission.ask_read)
    return load(session, Feature, feature_id)


def list_features(  # noqa: PLR0913  # a list is filtered and sliced
    session: Session,
    by: Caller,
    *,
    limit: int,
    cursor: str | None = None,
    product_id: Sequence[UUID] = (),
    status: Sequence[FeatureStatus] = (),
    shareable: bool | None = None,
    bar_reached: bool | None = None,
    merged: bool = False,
) -> tuple[Sequence[Feature], str | None]:
    """List features, oldest first, and where the next page begins.

    Args:
        session: A reading session.
        by: Who reads.
        limit: The most to return.
        cursor: Where to begin; None is at the beginning.
        product_id: Only of these products; all if empty.
        status: Only with one of these; all if empty.
        shareable: Only those that may, or may not, be shown to customers.
        bar_reached: Only those whose bar was reached with no decision since, or only others.
        merged: Those that were merged away, instead of those that stand.

    Raises:
        NotPermitted: `by` may not read.
        Invalid: The cursor is none of ours.
    """
    by.require(Permission.ask_read)
    gone = col(Feature.merged_into)
    statement = select(Feature).where(gone.is_not(None) if merged else gone.is_(None))
    if product_id:
        statement = statement.where(col(Feature.product_id).in_(product_id))
    if status:
        statement = statement.where(col(Feature.status).in_(status))
    if shareable is not None:
        statement = statement.where(col(Feature.shareable).is_(shareable))
    if bar_reached is not None:
        awaited = decisions.awaited()
        statement = statement.where(awaited if bar_reached else ~awaited)
    statement = paging.by_id(statement, col(Feature.id), cursor, descending=False)
    rows, more = paging.cut(session.exec(statement.limit(limit + 1)).all(), limit)
    return rows, paging.encode([rows[-1].id]) if more else None


def change_feature(
    session: Session,
    by: Caller,
    policy: Policy,
    feature_id: UUID,
    change: FeatureChange,
    *,
    expected: int | None = None,
) -> Feature:
    """Change a feature. What it was is kept; a new bar may bring refusals back.

    Raises:
        NotPermitted: `by` may not change the catalogue.
        NotFound: There is none.
        Stale: It is no longer the version `expected`.
        Invalid: The status lacks its reason or target, or a reason is given for a bar that stays.
        Merged: It was merged into another one.
        HasCommitments: It is promised, and would be declined or un-planned without a reason.
    """
    by.require(Permission.catalog_write)
    feature = load(session, Feature, feature_id, lock=True)
    check_version(feature, expected)
    _refuse_merged(feature)
    values = bar_changes.columns(given(change, NULLABLE), feature)
    override = values.pop("override_reason", None)
    status = values.get("status", feature.status)
    _check(
        status,
        values.get("decline_reason", feature.decline_reason),
        values.get("target_on", feature.target_on),
    )
    if feature.status in COMING and status not in COMING:
        commitments.break_promises(session, by, policy, feature, override)
    was = feature.status
    if revise(feature, by, values):
        if feature.status is not was:
            commitments.reopen_groundless(session, by, policy, feature)
        bars.watch(session, policy, [feature.id])
    return feature


def merge_features(
    session: Session, by: Caller, policy: Policy, feature_id: UUID, into_id: UUID
) -> Feature:
    """Merge a feature into another one of its product, for which its asks count from now on.

    Nothing is moved, so `unmerge_feature` is the exact inverse.

    Returns:
        The feature that remains.

    Raises:
        NotPermitted: `by` may not change the catalogue.
        NotFound: There is no feature `feature_id`.
        Invalid: `into` is the same feature, unknown, or of another product.
        Merged: One of them was merged before.
        HasCommitments: It is promised, and the one that remains will not come.
    """
    by.require(Permission.catalog_write)
    if feature_id == into_id:
        raise invalid("into", "is the feature itself; name the other one, which remains")
    for key in sorted((feature_id, into_id)):
        session.get(Feature, key, with_for_update=True)
    feature = load(session, Feature, feature_id)
    into = named(session, Feature, into_id, "into")
    _refuse_merged(feature)
    _refuse_merged(into)
    if feature.product_id != into.product_id:
        raise invalid("into", f"belongs to another product ({into.product_id})")
    if into.status not in COMING:
        commitments.refuse_to_break(session, feature)
    revise(feature, by, {"merged_into": into.id})
    touch(into, by)
    bars.watch(session, policy, [into.id])
    return into


def unmerge_feature(session: Session, by: Caller, policy: Policy, feature_id: UUID) -> Feature:
    """Take a merge back: every number is as it was before.

    Returns:
        The feature, which stands by itself again.

    Raises:
        NotPermitted: `by` may not change the catalogue.
        NotFound: There is none.
        NotMerged: It was not merged.
    """
    by.require(Permission.catalog_write)
    feature = load(session, Feature, feature_id, lock=True)
    if feature.merged_into is None:
        raise NotMerged(f"Feature {feature.id} stands by itself.")
    was_into = feature.merged_into
    revise(feature, by, {"merged_into": None})
    touch(session.get_one(Feature, was_into), by)
    bars.watch(session, policy, [feature.id, was_into])
    return feature


def merged_into(session: Session, by: Caller, feature_id: UUID) -> Sequence[Feature]:
    """The features that were merged into one, oldest first.

    Raises:
        NotPermitted: `by` may not read.
    """
    by.require(Permission.ask_read)
    statement = select(Feature).where(Feature.merged_into == feature_id)
    return session.exec(statement.order_by(col(Feature.id))).all()


def _check(status: FeatureStatus, decline_reason: str | None, target_on: Any) -> None:
    if status is FeatureStatus.declined and decline_reason is None:
        raise invalid("decline_reason", "is needed when a feature is `declined`: say why")
    if status in COMMITABLE and target_on is None:
        raise invalid("target_on", f"is needed when a feature is `{status}`: give the day")


def _columns(fields: FeatureFields, names: Any) -> dict[str, Any]:
    return bar_changes.columns({name: getattr(fields, name) for name in names})


def _refuse_merged(feature: Feature) -> None:
    if feature.merged_into is not None:
        raise Merged(
            f"Feature {feature.id} was merged into {feature.merged_into}; use that one.",
            merged_into=str(feature.merged_into),
        )
