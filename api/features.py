"""REST endpoints for features."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from pydantic import Field

from api.auth import KnownCallers, needs
from api.parameters import Search, Slice
from api.problems import problems
from api.work import Caller, Expected, Post, Read, Reply, Session, Write, created, etag, page
from models.account import MergeInto
from models.base import Shape
from models.feature import (
    Feature,
    FeatureChange,
    FeatureNew,
    FeatureSeen,
    FeatureStatus,
    SimilarFeature,
)
from models.page import Page
from services import features, similar
from services.commitments import HasCommitments
from services.errors import Merged, NotFound, Stale, Unconditional
from services.permissions import Permission

router = APIRouter(prefix="/features", tags=["features"], route_class=KnownCallers)
READ, CHANGE = [needs(Permission.ask_read)], [needs(Permission.catalog_write)]


class FeatureQuery(Slice):
    """Which features are wanted."""

    product_id: list[UUID] = Field(default=[], max_length=50)
    status: list[FeatureStatus] = Field(default=[], max_length=10)
    shareable: bool | None = None
    bar_reached: bool | None = Field(
        default=None,
        description="Demand reached the bar, and no PM decided since: the status is as it was.",
    )
    merged: bool = Field(default=False, description="Those that were merged away, instead.")


class SimilarQuery(Shape):
    """What is looked for."""

    q: Search = Field(description="What the customer asks for.")
    product_id: list[UUID] = Field(default=[], max_length=50)
    limit: int = Field(default=10, ge=1, le=50)


def _one(feature: Feature) -> Reply:
    return Reply(FeatureSeen.model_validate(feature), headers=etag(feature.version))


def _made(feature: Feature) -> Reply:
    seen = FeatureSeen.model_validate(feature)
    return created(seen, "features", feature.id, feature.version)


@router.post(
    "", status_code=status.HTTP_201_CREATED, response_model=FeatureSeen, dependencies=CHANGE
)
def create_feature(write: Post, new: FeatureNew) -> Response:
    """Put a feature on file."""
    return write(lambda session, by: _made(features.create_feature(session, by, new)))


@router.get("", response_model=Page[FeatureSeen], dependencies=READ)
def list_features(read: Read, wanted: Annotated[FeatureQuery, Query()]) -> Response:
    """List features, oldest first; those merged away are left out unless asked for."""

    def deed(session: Session, by: Caller) -> Reply:
        found, more = features.list_features(
            session,
            by,
            limit=wanted.limit,
            cursor=wanted.cursor,
            product_id=wanted.product_id,
            status=wanted.status,
            shareable=wanted.shareable,
            bar_reached=wanted.bar_reached,
            merged=wanted.merged,
        )
        return page([FeatureSeen.model_validate(each) for each in found], more)

    return read(deed)


@router.get("/similar", response_model=Page[SimilarFeature], dependencies=READ)
def similar_features(read: Read, wanted: Annotated[SimilarQuery, Query()]) -> Response:
    """Features that may be the one asked for, best first."""
    return read(
        lambda session, by: page(
            similar.similar_features(
                session, by, wanted.q, product_id=wanted.product_id, limit=wanted.limit
            ),
            None,
        )
    )


@router.get(
    "/{feature_id:uuid}",
    response_model=FeatureSeen,
    dependencies=READ,
    responses=problems(NotFound),
)
def get_feature(read: Read, feature_id: UUID) -> Response:
    """Read one feature, merged or not."""
    return read(lambda session, by: _one(features.get_feature(session, by, feature_id)))


@router.patch(
    "/{feature_id:uuid}",
    response_model=FeatureSeen,
    dependencies=CHANGE,
    responses=problems(NotFound, HasCommitments, Merged, Stale, Unconditional),
)
def change_feature(
    write: Write, expected: Expected, feature_id: UUID, change: FeatureChange
) -> Response:
    """Change a feature; what is left out stays."""
    return write(
        lambda session, by: _one(
            features.change_feature(
                session, by, write.policy, feature_id, change, expected=expected
            )
        )
    )


@router.post(
    "/{feature_id:uuid}/merge",
    response_model=FeatureSeen,
    dependencies=CHANGE,
    responses=problems(NotFound, Merged, HasCommitments),
)
def merge_features(write: Post, feature_id: UUID, given: MergeInto) -> Response:
    """Merge a feature into another one, for which its asks count from now on."""
    return write(
        lambda session, by: _one(
            features.merge_features(session, by, write.policy, feature_id, given.into)
        )
    )


@router.post(
    "/{feature_id:uuid}/unmerge",
    response_model=FeatureSeen,
    dependencies=CHANGE,
    responses=problems(NotFound, features.NotMerged),
)
def unmerge_feature(write: Post, feature_id: UUID) -> Response:
    """Take a merge back: every number is as it was before."""
    return write(
        lambda session, by: _one(features.unmerge_feature(session, by, write.policy, feature_id))
    )
