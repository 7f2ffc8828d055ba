"""The model of the hedge reader: how it does on sentences that it was not trained on."""

from operator import ge

import pytest

from services import reader
from services.wording import LEXICON_VERSION
from tests.services.labelled import figures, rows

pytestmark = pytest.mark.once


# No sentence of these is one that the reader was trained on; decision 9 says what is known of their
# writers. The floors lie a little below
# what is reached: precision and recall for a hedge, accuracy.
@pytest.mark.parametrize(
    ("name", "floors"),
    [
        ("hedges", (0.95, 0.97, 0.97)),  # the lexicon was developed on its even lines
        ("hedges_fresh", (0.97, 0.95, 0.97)),
        ("hedges_voices", (0.93, 0.96, 0.94)),
        ("hedges_desk", (0.97, 0.96, 0.96)),
        ("hedges_dozen", (0.94, 0.91, 0.93)),
        ("hedges_ten", (0.95, 0.94, 0.95)),
        ("hedges_traps", (0.87, 0.86, 0.88)),
        ("hedges_last", (0.96, 0.90, 0.94)),
    ],
)
def test_the_labelled_sentences_are_read_well(
    name: str, floors: tuple[float, float, float], capsys: pytest.CaptureFixture[str]
) -> None:
    sample = rows(f"{name}.jsonl")
    precision, recall, accuracy = reached = figures(sample)

    with capsys.disabled():
        print(  # noqa: T201 - the figures are the point
            f"\n{name}: {len(sample)} sentences, hedge precision {precision:.3f}, "
            f"recall {recall:.3f}, accuracy {accuracy:.3f}"
        )
    assert all(map(ge, reached, floors))


def test_the_model_was_trained_with_the_lexicon_and_the_thesaurus_as_they_are() -> None:
    assert reader.model().knowledge == reader.KNOWLEDGE, "run python -m training"


def test_the_lexicon_version_names_its_content() -> None:
    assert len(LEXICON_VERSION) == 12
    assert int(LEXICON_VERSION, 16) >= 0
