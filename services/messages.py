"""The words to the customer: each text of an answer that reaches them is read before."""

from collections.abc import Sequence
from typing import Any

from models.base import utc_today
from models.feature import COMMITABLE, Feature, FeatureStatus
from models.response import Answering, ResponseKind, YesNew
from services import directions, wording
from services.errors import Invalid, invalid

_QUOTED = 3  # phrases that an error quotes


class HedgedMessage(Invalid):
    """The words to the customer hedge, and a hedge is heard as a maybe."""

    slug, title = "hedged-message", "The message hedges"
    cure = (
        "Take the straight wording that `errors` offers; `how` says where or how it is done today."
        " If the words must stand, say why in `hedge_override`; it is kept and counted."
    )


class ContradictingMessage(Invalid):
    """The words to the customer say the opposite of the answer."""

    slug, title = "contradicting-message", "The message says something else"
    cure = (
        "Make the message and the `kind` say the same; what is `available` is there today. Or say"
        " in `hedge_override` why the words stand; it is kept and counted."
    )


def awaited(given: Answering, feature: Feature | None) -> tuple[str, ...]:
    """The texts of an answer in which nothing may be put off: it is said to be there today.

    The message may name the day that a PM has committed beside the way around until then.
    """
    if not isinstance(given, YesNew) or given.basis != "available" or feature is None:
        return ()
    if feature.status is FeatureStatus.shipped:
        return ()
    day = feature.target_on if feature.status in COMMITABLE else None
    return ("how",) if day is not None and day >= utc_today() else ("message", "how")


def check(
    given: Answering, kind: ResponseKind, facts: wording.Facts, today: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Read the words to the customer; what is to be said instead of a hedge names the facts.

    Args:
        given: The answer.
        kind: What it says.
        facts: What is known of the thing that was asked for.
        today: Which of `message` and `how` put nothing off.

    Returns:
        What an override was needed for: the phrases that hedge, or the words that contradict.
        Those of `how` have it as their `field`.

    Raises:
        Invalid: A blank of our own wording was left in the message.
        HedgedMessage: A phrase hedges, and no `hedge_override` says why it stands.
        ContradictingMessage: The words say the opposite of the answer, or that it comes later.
    """
    message, how = given.message, given.how if isinstance(given, YesNew) else None
    if message is not None and (left := wording.blanks(message)):
        raise invalid("message", f"still has the blank `{left[0]}`; say what belongs there")
    reading = wording.read(message or "", kind.value, facts)
    hedges = _spans("message", reading.spans)
    hedges += _spans("how", directions.hedges(how, facts) if how is not None else ())
    if hedges and given.hedge_override is None:
        raise HedgedMessage(_hedging(hedges), errors=_errors(hedges, "hedge"))
    texts = {"message": message, "how": how}
    against = [
        span for field in today for span in _spans(field, directions.put_off(texts[field] or ""))
    ]
    if message is not None and not reading.spans and wording.contradicts(reading, kind.value):
        said = f"the words read as a {reading.verdict.value}, and the answer is {kind.value}"
        whole = wording.Span(0, len(message), message, said, "")
        against = _spans("message", [whole]) + [each for each in against if "field" in each]
    if against and given.hedge_override is None:
        first = against[0]
        raise ContradictingMessage(
            f"{first.get('field', 'message')}: {first['reason']}.",
            errors=_errors(against, "contradiction"),
        )
    return [*hedges, *against]


def _spans(field: str, spans: Sequence[wording.Span]) -> list[dict[str, Any]]:
    where = {} if field == "message" else {"field": field}
    return [
        {
            "phrase": span.phrase,
            "start": span.start,
            "end": span.end,
            "reason": span.reason,
            "suggestion": span.suggestion,
            **where,
        }
        for span in spans
    ]


def _errors(spans: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [
        {
            "loc": ["body", span.get("field", "message")],
            "msg": span["reason"],
            "type": kind,
            **{name: said for name, said in span.items() if name != "field"},
        }
        for span in spans
    ]


def _hedging(spans: Sequence[dict[str, Any]]) -> str:
    fields = dict.fromkeys(span.get("field", "message") for span in spans)
    names = " and ".join("`how`" if field == "how" else "message" for field in fields)
    verb = "hedges" if len(fields) == 1 else "hedge"
    quoted = ", ".join(f"\u201c{span['phrase']}\u201d" for span in spans[:_QUOTED])
    start = "" if next(iter(fields)) == "how" else "The "
    return f"{start}{names} {verb}: {quoted}."
