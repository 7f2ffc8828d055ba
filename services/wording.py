"""Reads what is to be said to a customer: a commitment, a refusal, a ranking or a hedge (R1).

Pure: a text goes in, a reading comes out. `services.words` cuts the text, `services.lexicon` finds
the phrases, `services.reader` decides what each sentence says, and this module says why and what to
say instead. The work is linear in the length of the text.

A sentence that says nothing either way ("Thanks for your time.") is *neutral*: it never hedges and
never contradicts. A text of nothing else reads as the kind it is meant as, or else as a commitment.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import accumulate

from services import reader
from services.lexicon import LEXICON, PUNCTUATION, Entry, Match, matches
from services.words import Token, sentences


class Verdict(StrEnum):
    """What a sentence or a text tells the customer."""

    commit = "commit"
    refuse = "refuse"
    rank = "rank"
    hedge = "hedge"


@dataclass(frozen=True)
class Span:
    """A phrase that hedges: `text[start:end] == phrase`, in code points, end exclusive."""

    start: int
    end: int
    phrase: str
    reason: str
    suggestion: str


@dataclass(frozen=True)
class Facts:
    """What is known about the thing that was asked for; it fills the angle brackets of a wording.

    `date` is the day of a committed delivery as it is to be written, `asking` how many live
    customers ask for it, `live` how many there are, and `bar` how many have to.
    """

    date: str | None = None
    asking: int | None = None
    live: int | None = None
    bar: int | None = None


@dataclass(frozen=True)
class Sentence:
    """One sentence, where it stands and what it says.

    `neutral` marks a sentence with no answer in it; its verdict is then only the likeliest.
    """

    start: int
    end: int
    verdict: Verdict
    spans: tuple[Span, ...]
    neutral: bool = False


@dataclass(frozen=True)
class Reading:
    """What a text says as a whole, with every phrase that hedges and its sentences in order."""

    verdict: Verdict
    spans: tuple[Span, ...]
    sentences: tuple[Sentence, ...]


_Say = Callable[[str], str]  # from the part of a sentence that a phrase takes to straight words
_KINDS = {"yes": Verdict.commit, "no": Verdict.refuse, "ranked": Verdict.rank}
_PLAINLY = 0.99  # the odds of a hedge that no other sentence takes back
_EVADES = 0.14  # as likely as small talk: what no sentence answers is evaded then
_NEAR = 0.03  # likewise, that a text without an answer is read as one
_ANSWERED = 2  # the weight of a phrase that a "not" or a date made an answer
_CONDITION = 8  # words that a condition goes on for at most
_LOOK_BACK = 4  # words before a phrase in which a "not" still governs it
_COVERS = {"plain", "reported"}
_UNNAMED = Entry(
    label="hedge",
    reason="It leaves the customer without a yes, a no or a place in an order.",
    say="clause",
)

LEXICON_VERSION = reader.version()
"""Names the lexicon and the model that a reading was made with: 12 hex digits of a SHA-256."""


def read(message: str, kind: str | None = None, facts: Facts | None = None) -> Reading:
    """Read a text for a customer, sentence by sentence.

    Args:
        message: The text, of any length, as it was written.
        kind: The response it belongs to: `yes`, `no`, `ranked`, or None where that is open. It
            chooses the suggestions, and what a text with no answer in it reads as.
        facts: What is known; what is left out stays an angle bracket for the writer to fill in.

    Returns:
        `hedge` if any sentence hedges, else what the first sentence with an answer says. Spans
        are in order, do not overlap, and count code points of `message`.
    """
    expected = _KINDS.get(kind or "")
    say = partial(_suggestion, kind=kind, facts=facts or Facts())
    pieces = list(cut(message))
    heard = reader.says([(tokens, found.hints) for tokens, found in pieces])
    labels = [_label(found, each) for (_, found), each in zip(pieces, heard, strict=True)]
    nearest = max(range(len(pieces)), key=lambda at: _nearness(heard[at].beside), default=0)
    if len(pieces) > 1 and set(labels) == {"neutral"} and _evades(heard[nearest].beside):
        labels[nearest] = "hedge"
    read_all = [
        _sentence(message, tokens, found, label, _answer(each.beside), say)
        for (tokens, found), label, each in zip(pieces, labels, heard, strict=True)
    ]
    spans = tuple(span for sentence in read_all for span in sentence.spans)
    answers = [sentence.verdict for sentence in read_all if not sentence.neutral]
    if spans:
        verdict = Verdict.hedge
    elif answers:
        verdict = answers[0]
    elif pieces and _nearness(heard[nearest].beside) > _NEAR:
        verdict = expected or read_all[nearest].verdict
    else:
        verdict = expected or Verdict.commit
    return Reading(verdict, spans, tuple(read_all))


def contradicts(reading: Reading, kind: str) -> bool:
    """Whether a text says the opposite of the response that it belongs to.

    Args:
        reading: What `read` made of the text.
        kind: `yes`, `no` or `ranked`.

    Returns:
        True for a `yes` whose text only refuses and for a `no` whose text only commits. A text
        that hedges or says nothing contradicts no kind, and `ranked` is never contradicted.
    """
    said = {sentence.verdict for sentence in reading.sentences if not sentence.neutral}
    opposite = {"yes": Verdict.refuse, "no": Verdict.commit}.get(kind)
    return said == {opposite}


# What of a sentence bears on each of its phrases. A clause ends where the sentence turns ("but");
# after a refusal and a turn (from `reopens` on), a kind word opens the door again.
@dataclass(frozen=True)
class _Setting:
    tokens: list[Token]
    dated: bool
    clauses: list[int]
    refusing: frozenset[int]
    reopens: int


def _setting(tokens: list[Token], answers: list[Match], *, refused: bool) -> _Setting:
    turns = [at for at, token in enumerate(tokens) if token.word in LEXICON.classes["but"]]
    refusals = [match.begin for match in answers if match.entry.label == "refuse"]
    first = -1 if refused else min(refusals, default=len(tokens))
    turning = set(turns)
    clauses = list(accumulate(int(at in turning) for at in range(len(tokens))))
    return _Setting(
        tokens=tokens,
        dated=_dated(tokens),
        clauses=clauses,
        refusing=frozenset(clauses[place] for place in refusals),
        reopens=min((at for at in turns if at > first), default=len(tokens)),
    )


def _sentence(
    text: str, tokens: list[Token], found: "Cues", label: str, answer: Verdict, say: _Say
) -> Sentence:
    """A sentence with its label, and where it hedges; `answer` is what it is nearest to saying."""
    spans: tuple[Span, ...] = ()
    if label == Verdict.hedge:
        spans = tuple(_spans(text, tokens, found.hedges or [_blamed(tokens)], say))
    neutral = label == "neutral"
    verdict = answer if neutral else Verdict(label)
    return Sentence(tokens[0].whole, tokens[-1].stop, verdict, spans, neutral)


def _label(found: "Cues", heard: reader.Heard) -> str:
    """What a sentence says: by the model, but that no company makes good what plainly hedges."""
    plainly = found.hedges and heard.alone.hedge > _PLAINLY
    if plainly or any(match.entry.always for match in found.hedges):
        return "hedge"
    return reader.LABELS[heard.beside.index(max(heard.beside))]


def _answer(said: reader.Said) -> Verdict:
    """Which straight answer a sentence is nearest to."""
    return max((Verdict.commit, Verdict.refuse, Verdict.rank), key=lambda each: getattr(said, each))


def _nearness(said: reader.Said) -> float:
    return max(said.commit, said.refuse, said.rank, said.hedge) / said.neutral


def _evades(said: reader.Said) -> bool:
    """Whether the sentence that comes nearest to an answer in a text without one is a hedge."""
    return said.hedge > _EVADES * said.neutral and said.hedge >= max(said[:3])


@dataclass(frozen=True)
class Cues:
    """What the lexicon finds in a sentence: the phrases that hedge, and hints for the model."""

    hedges: list[Match]
    scores: dict[Verdict, int]
    hints: frozenset[str]


def cues(tokens: list[Token], *, refused: bool = False) -> Cues:
    """Find the phrases of the lexicon in a sentence, and weigh each where it stands.

    Args:
        tokens: The sentence, as `services.words` cuts it.
        refused: Whether a sentence before it refuses.
    """
    found = list(matches([token.word for token in tokens]))
    reported, plain = _covered(tokens, found)
    covered = {"rank": reported}  # "would you" is plain, and still asks for a place
    hints = {f"L {match.entry.label}" for match in found if match.entry.label in _COVERS}
    found = [
        match
        for match in found
        if covered.get(match.entry.label, plain).isdisjoint(range(match.begin, match.end))
    ]
    answers = [match for match in found if match.entry.weight]
    setting = _setting(tokens, answers, refused=refused)
    scores = _scores(setting, answers)
    open_question = tokens[-1].word == "?" and bool(scores[Verdict.rank])
    hedges: list[Match] = []
    for match in found:
        if match.entry.label not in {"hedge", "upside"}:
            hints.add(f"L {match.entry.place}")
            continue
        said = _weigh(setting, match)
        hints.add(f"L {match.entry.place} {said or ''}")
        if said is Verdict.hedge and not open_question:
            hedges.append(match)
        elif said and not open_question:
            scores[said] += _ANSWERED
    hints |= {f"L {said} {min(score, 8) // 2}" for said, score in scores.items() if score}
    best = max(scores, key=lambda verdict: scores[verdict])
    answer = best if scores[best] else "none"
    if hedges:
        hints |= {"L=hedge", f"L=hedge {min(len(hedges), 3)}", f"L=hedge+{answer}"}
    else:
        hints.add(f"L={answer}")
    if setting.dated:
        hints.add("L dated")
    return Cues(hedges, scores, frozenset(hints))


def cut(text: str) -> Iterator[tuple[list[Token], Cues]]:
    """Cut a text into its sentences.

    Yields:
        The words of each, as `services.words` cuts them, and what the lexicon finds in them.
    """
    refused = False
    for tokens in sentences(text):
        found = cues(tokens, refused=refused)
        yield tokens, found
        refused = refused or found.scores[Verdict.refuse] > 0


def _blamed(tokens: list[Token]) -> Match:
    """The clause that the model takes for a hedge where the lexicon knows no phrase of it."""
    begin, end = reader.blame(tokens)
    return Match(begin, end, _UNNAMED)


def _covered(tokens: list[Token], found: list[Match]) -> tuple[set[int], set[int]]:
    """The words that the customer said; and those with what only looks like a hedge."""
    reported: set[int] = set()
    plain: set[int] = set()
    for match in found:
        if match.entry.label == "plain":
            plain.update(range(match.begin, match.end))
        elif match.entry.label == "reported" and match.begin not in reported:
            end = match.end
            while tokens[end].word not in PUNCTUATION and not _new_voice(tokens, end):
                end += 1
            reported.update(range(match.begin, end))
    return reported, plain | reported


def _new_voice(tokens: list[Token], at: int) -> bool:
    return tokens[at].word in {"and", "but"} and tokens[at + 1].word in LEXICON.classes["our_turn"]


def _scores(setting: _Setting, answers: list[Match]) -> dict[Verdict, int]:
    """How strongly a sentence ranks, refuses and commits; each entry of the lexicon counts once."""
    scores = {Verdict.rank: 0, Verdict.refuse: 0, Verdict.commit: 0}
    seen: set[tuple[int, Verdict]] = set()
    for match in answers:
        said = Verdict(match.entry.label)
        if said is Verdict.commit and _negated(setting.tokens, match):
            said = Verdict.refuse
        if (id(match.entry), said) not in seen:
            seen.add((id(match.entry), said))
            scores[said] += match.entry.weight
    if scores[Verdict.commit] and setting.dated:
        scores[Verdict.commit] += 1
    return scores


def _weigh(setting: _Setting, match: Match) -> Verdict | None:
    """What a phrase that hedges by itself says where it stands."""
    entry = match.entry
    if entry.negated != "same" and _negated(setting.tokens, match):
        return Verdict.refuse if entry.negated == "refuse" else None
    if entry.label == "upside":
        return Verdict.hedge if match.begin > setting.reopens else None
    if entry.dated and setting.dated:
        return Verdict.commit
    if entry.answered and setting.clauses[match.begin] in setting.refusing:
        return None
    return Verdict.hedge


def _negated(tokens: list[Token], match: Match) -> bool:
    """Whether a "not" governs a phrase: in its gaps, or before it in the same clause."""
    for at in range(match.end - 1, max(match.begin - 1 - _LOOK_BACK, -1), -1):
        word = tokens[at].word
        if at < match.begin and (word in PUNCTUATION or word in LEXICON.classes["but"]):
            return False
        if word in LEXICON.classes["not"]:
            return tokens[at + 1].word not in {"only", "just", "merely"}
    return False


def _dated(tokens: list[Token]) -> bool:
    """Whether a sentence names a day, a month or a release by its number."""
    return any(
        token.word in LEXICON.classes["dated"]
        or (token.word in {"release", "version"} and tokens[at + 1].word == "0")
        for at, token in enumerate(tokens[:-1])
    )


def _spans(text: str, tokens: list[Token], kept: list[Match], say: _Say) -> Iterator[Span]:
    """The phrases to point at, in order; of two that overlap, the earlier and longer."""
    last = 0
    for match in sorted(kept, key=lambda m: (m.begin, -m.end)):
        first = tokens[match.begin]
        after = match.end
        if match.entry.say == "condition":
            after = _condition_end(tokens, match)
        start, end = first.whole, tokens[after - 1].stop
        if start < last:
            continue
        last = end
        subject = text[start : first.start]  # "I" of "I'm thinking about it": it goes along
        straight = say(match.entry.say)
        if subject and match.entry.say == "finite":
            straight = f"{subject} {straight}"
        elif first == tokens[0] and text[start].isupper():
            straight = straight[0].upper() + straight[1:]
        yield Span(start, end, text[start:end], match.entry.reason, straight)


def _condition_end(tokens: list[Token], match: Match) -> int:
    """Where a condition ends: it is replaced as a whole, "if we" and what is to happen."""
    end = match.end
    while end - match.end < _CONDITION and tokens[end].word not in PUNCTUATION:
        if end > match.end and tokens[end].word in LEXICON.classes["our_turn"]:
            break
        end += 1
    return end


def _suggestion(say: str, *, kind: str | None, facts: Facts) -> str:
    straight = LEXICON.straight[say]
    yes = straight.get("dated", straight["yes"]) if facts.date else straight["yes"]
    answers = straight | {"yes": yes}
    words = answers.get(kind or "") or f"{yes.rstrip(',')}; or {straight['no']}"
    if facts.date:
        words = words.replace("<date>", facts.date)
    if facts.asking is not None and facts.bar is not None:
        of = f" of {facts.live}" if facts.live is not None else ""
        words = words.replace(
            "<reason>", f"{facts.asking}{of} live customers ask for it, and our bar is {facts.bar}"
        )
    return words


def blanks(message: str) -> list[str]:
    """The blanks of a straight wording, such as `<date>`, that are still to be filled in."""
    return [each for each in LEXICON.blanks if each in message]
