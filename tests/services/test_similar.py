"""Features that may be the one asked for: best first, for a person to choose from."""

import pytest

from models.feature import SimilarFeature
from services import features
from services.permissions import Caller
from services.policy import Policy
from services.similar import similar_features
from tests.factories import Make


@pytest.fixture
def titles(make: Make) -> list[str]:
    """The titles on file."""
    found = [
        "SAML single sign-on", "Audit log export", "Dark mode", "Bulk edit of invoices",
        "Two-factor authentication", "Offline mode for the mobile app",
    ]  # fmt: skip
    for title in found:
        make.feature(title=title)
    return found


def look(make: Make, q: str, **more: object) -> list[SimilarFeature]:
    """Look for features like `q`."""
    return similar_features(make.session, make.boss, q, **more)  # type: ignore[arg-type]


class TestSimilarFeatures:
    @pytest.mark.parametrize(
        ("q", "best"),
        [
            ("SAML single sign-on", "SAML single sign-on"),
            ("single sign on with saml", "SAML single sign-on"),
            ("export the audit logs", "Audit log export"),
            ("DARK MODE", "Dark mode"),
            ("edit invoices in bulk", "Bulk edit of invoices"),
            ("two factor authentification", "Two-factor authentication"),
        ],
    )
    def test_the_likeliest_is_first(self, q: str, best: str, make: Make, titles: list[str]) -> None:
        assert best in titles

        found = look(make, q)

        assert found[0].title == best
        assert [each.score for each in found] == sorted((e.score for e in found), reverse=True)

    def test_the_same_words_score_one(self, make: Make, titles: list[str]) -> None:
        assert look(make, titles[0])[0].score == 1.0

    @pytest.mark.usefixtures("titles")
    @pytest.mark.parametrize("q", ["!!!", "\U0001f600", "zzqqxx"])
    def test_what_is_like_nothing_finds_nothing(self, q: str, make: Make) -> None:
        assert look(make, q) == []

    def test_a_description_is_read_too(self, make: Make) -> None:
        feature = make.feature(title="Project Falcon", description="Single sign-on by SAML")

        assert [each.id for each in look(make, "saml sign-on")] == [feature.id]

    def test_no_more_than_asked_for(self, make: Make) -> None:
        for number in range(4):
            make.feature(title=f"Audit log {number}")

        assert len(look(make, "audit log", limit=3)) == 3

    def test_of_one_product(self, make: Make) -> None:
        here, there = make.product().id, make.product().id
        make.feature(title="Audit log", product_id=there)
        wanted = make.feature(title="Audit log", product_id=here)

        assert [each.id for each in look(make, "audit log", product_id=[here])] == [wanted.id]

    def test_a_merged_one_is_shown_as_the_one_that_remains(
        self, make: Make, admin: Caller, policy: Policy
    ) -> None:
        gone, middle, remains = (
            make.feature(title=title) for title in ("Audit log", "Journal", "Trail of changes")
        )
        for one, other in ((gone, middle), (middle, remains)):
            features.merge_features(make.session, admin, policy, one.id, other.id)

        found = look(make, "audit log")

        assert [(each.id, each.title) for each in found] == [(remains.id, "Trail of changes")]
