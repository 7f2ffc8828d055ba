"""A thing that might be built: the unit that demand is counted on."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from models.base import Day, Email, Flag, Line, Seen, Shape, Text, Word, choice
from models.product import Bar, Barred, BarSeen, Reason, bar_checks


class FeatureStatus(StrEnum):
    """How far a feature is."""

    candidate = "candidate"
    planned = "planned"
    in_progress = "in_progress"
    shipped = "shipped"
    declined = "declined"


COMMITABLE = frozenset({FeatureStatus.planned, FeatureStatus.in_progress})
RANKABLE = COMMITABLE | {FeatureStatus.candidate}  # what is still to come


class Feature(Barred, table=True):
    """A thing that might be built. Merged into another one, its asks count there."""

    __table_args__ = (
        *bar_checks(),
        CheckConstraint(
            "status <> 'declined' OR decline_reason IS NOT NULL", name="declined_says_why"
        ),
        CheckConstraint(
            "status NOT IN ('planned', 'in_progress') OR target_on IS NOT NULL",
            name="planned_has_target",
        ),
        CheckConstraint("merged_into <> id", name="merged_into_another"),
    )

    product_id: UUID = Field(foreign_key="product.id", index=True)
    title: str = Field(max_length=200)
    description: str | None = None
    status: FeatureStatus = Field(default=FeatureStatus.candidate, sa_type=choice(FeatureStatus))
    decline_reason: str | None = None
    target_on: date | None = None
    owner_email: str | None = Field(default=None, max_length=254)
    shareable: bool = False
    public_title: str | None = Field(default=None, max_length=200)
    area: str | None = Field(default=None, max_length=64)
    external_id: str | None = Field(default=None, max_length=200, unique=True)
    merged_into: UUID | None = Field(default=None, foreign_key="feature.id", index=True)


class FeatureFields(Shape):
    """What may be said of a feature besides its product and title."""

    description: Text | None = None
    status: FeatureStatus = FeatureStatus.candidate
    decline_reason: Text | None = Field(default=None, description="Needed when `declined`.")
    target_on: Day | None = Field(
        default=None, description="Needed when `planned` or `in_progress`."
    )
    owner_email: Email | None = Field(default=None, description="Its product manager.")
    shareable: Flag = Field(default=False, description="May be shown to customers.")
    public_title: Line | None = Field(default=None, description="Its name for customers.")
    demand_bar: Bar | None = Field(default=None, description="Overrides the product's.")
    bar_reason: Reason = None
    area: Word | None = None


class FeatureNew(FeatureFields):
    """A new feature."""

    product_id: UUID
    title: Line


class FeatureChange(FeatureFields):
    """What is to change about a feature; what is left out stays."""

    title: Line = ""
    override_reason: Text | None = Field(
        default=None, description="Why open commitments are broken by declining or un-planning it."
    )


class FeatureSeen(Seen):
    """A feature as it is sent."""

    id: UUID
    product_id: UUID
    title: str
    description: str | None
    status: FeatureStatus
    decline_reason: str | None
    target_on: date | None
    owner_email: str | None
    shareable: bool
    public_title: str | None
    demand_bar: BarSeen | None = Field(description="The bar set on the feature itself.")
    bar_reason: str | None = Field(description="Why that bar was set so.")
    area: str | None
    merged_into: UUID | None


class SimilarFeature(Seen):
    """A feature that may be the one asked for."""

    id: UUID
    product_id: UUID
    title: str
    status: FeatureStatus
    score: float = Field(description="0 to 1; 1 is the same words.")
