"""Cuts a text into sentences of words, and remembers where each word stands.

A word is what the lexicon calls a word: lower case, contractions taken apart ("won't" is "will"
and "not"), chat spellings written out, every number `0`, quoted words out of reach. Marks are
words too.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from services.lexicon import ENDS, LEXICON, PUNCTUATION


class Token(NamedTuple):
    """A word, and where it stands in the text, in code points.

    `whole` and `stop` bound the written word that it is a piece of: in "we'll" the piece is "will",
    which starts at the apostrophe, and the written word begins at the "w".
    """

    word: str
    start: int
    whole: int
    stop: int


_QUOTED = "\0"
_PLAIN_LETTERS = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032`\u00b4", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"')
    | dict.fromkeys("\u2013\u2014\u2015", "\u2014")
    | dict.fromkeys("\r\t\u00a0\u2007\u202f", " ")
)
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_SEE_THROUGH = dict.fromkeys(map(ord, _INVISIBLE))
_LETTER = rf"[^\W_{_INVISIBLE}]"
_WORD = re.compile(
    rf"(?P<number>(?:no\. ?)?\d+(?:[.,:/]\d+)*{_LETTER}*)"  # "no. 1" is a number too
    rf"|(?P<word>{_LETTER}(?:[^\W_]|[{_INVISIBLE}])*(?:'{_LETTER}+)*)"
    r"|(?P<stop>[.!?…]+)"
    r"|(?P<mark>[,;:()—]|(?<=\s)-+(?=\s))"
    r"|(?P<line>\n\s*)"
)
_SINGLE = re.compile(r"(?<!\w)'(?=\w)|(?<=[\w.,!?…])'(?!\w)|\n")
_SUFFIXES = {"'ll": "will", "'re": "are", "'d": "would", "'ve": "have", "'m": "am"}
_STEMS = {"wo": "will", "ca": "can", "sha": "shall"}
_HARD_WRAP = 60  # a line this long that ends in mid-sentence was broken by a mail program


def sentences(text: str) -> Iterator[list[Token]]:
    """Cut a text into sentences.

    Args:
        text: Any text, of any length.

    Yields:
        The words and marks of each sentence that has a word. The last is the mark that ends it;
        where none is written, a full stop of no length.
    """
    normal = _normal(text)
    quotations = _quotations(normal)
    quoted = sum(end - start + 1 for start, end in quotations)
    only_quoted = len(normal.strip(" \n.!?")) <= quoted
    tokens: list[Token] = []
    upcoming, closes, line = 0, -1, 0
    for found in _WORD.finditer(normal):
        at = found.start()
        while upcoming < len(quotations) and quotations[upcoming][0] < at:
            start, end = quotations[upcoming]
            if start > closes and not only_quoted and not _in_our_voice(tokens):
                closes = end
            upcoming += 1
        group = found.lastgroup
        if at < closes:
            if group == "word":
                tokens.append(Token(_QUOTED, at, at, found.end()))
            continue
        if group == "line":
            ends = not _wrapped(text, normal, found, at - line)
            line = found.end()
        elif group == "stop":
            ends = _stops(normal, found, tokens)
            if ends:
                mark = "?" if "?" in found[0] else found[0][0].replace("…", ".")
                tokens.append(Token(mark, at, at, found.end()))
        else:
            tokens.extend(_pieces(text, found, tokens))
            ends = False
        if ends:
            yield from _closed(tokens)
            tokens = []
    yield from _closed(tokens)


def _normal(text: str) -> str:
    """The text in lower case with plain quotation marks, letter for letter as long as before."""
    plain = text.translate(_PLAIN_LETTERS)
    lower = plain.lower()
    if len(lower) == len(plain):
        return lower
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in plain)


def _quotations(text: str) -> list[tuple[int, int]]:
    """Where quotation marks open and close, in order; what is never closed is no quotation."""
    found: list[tuple[int, int]] = []
    opened = -1
    for at, letter in enumerate(text):
        if letter == '"':
            if opened >= 0:
                found.append((opened, at))
            opened = -1 if opened >= 0 else at
        elif letter == "\n" and text[at + 1 : at + 3].lstrip(" ")[:1] == "\n":
            opened = -1
    opened = -1
    for mark in _SINGLE.finditer(text):
        at = mark.start()
        if mark[0] == "\n":
            opened = -1
        elif text[at + 1 : at + 2].isalnum():
            opened = at if opened < 0 else opened
        elif opened >= 0 and not _possessive(text, at):
            found.append((opened, at))
            opened = -1
    return sorted(found)


def _possessive(text: str, at: int) -> bool:
    return text[at - 1] == "s" and text[at + 1 : at + 2] == " " and text[at + 2 : at + 3].isalpha()


def _in_our_voice(tokens: list[Token]) -> bool:
    """Whether the words before a quotation make it our own: it's "on our radar"."""
    before = [token.word for token in tokens[-12:]]
    return (
        bool(before)
        and before[-1] in LEXICON.classes["our_voice"]
        and LEXICON.classes["their_voice"].isdisjoint(before)
    )


def _wrapped(text: str, normal: str, found: re.Match[str], length: int) -> bool:
    """Whether a line break only wraps a sentence."""
    following = text[found.end() : found.end() + 1]
    if found[0].count("\n") > 1:
        return False
    goes_on = normal[max(found.start() - 1, 0)] not in ".!?:;"
    return following.islower() or (length >= _HARD_WRAP and goes_on and following.isalnum())


def _stops(normal: str, found: re.Match[str], tokens: list[Token]) -> bool:
    """Whether full stops end a sentence, rather than an abbreviation or a part of an address."""
    following = normal[found.end() : found.end() + 2]
    if following and not following[0].isspace() and following[0] not in "\"')]":
        return False
    last = tokens[-1].word if tokens else ""
    return found[0] != "." or not (
        last in LEXICON.classes["abbreviation"] or (len(last) == 1 and last in "eg")
    )


def _pieces(text: str, found: re.Match[str], tokens: list[Token]) -> Iterator[Token]:
    """A written word as the words it stands for: "won't" is "will" and "not"."""
    start, stop, word = found.start(), found.end(), found[0].translate(_SEE_THROUGH)
    last = tokens[-1].word if tokens else ""
    if found.lastgroup == "mark":
        yield Token("—" if word[0] == "-" else word, start, start, stop)
        return
    if found.lastgroup == "number":
        yield Token("0", start, start, stop)
        return
    if word in LEXICON.spelling:
        for said in LEXICON.spelling[word]:
            yield Token(said, start, start, stop)
        return
    if word == "may" and text[start] == "M" and last and last not in PUNCTUATION:
        yield Token("(may)", start, start, stop)
        return
    stem, mark, _ = word.partition("'")
    suffix = word[len(stem) :]
    if mark and suffix == "'t" and stem.endswith("n"):
        stem, said = _STEMS.get(stem[:-1], stem[:-1]), "not"
    elif suffix == "'s":
        said = "us" if stem == "let" else "is" if stem in LEXICON.classes["before_is"] else ""
    else:
        said = _SUFFIXES.get(suffix, "")
    yield Token(stem, start, start, stop)
    if said:
        yield Token(said, stop - len(suffix), start, stop)


def _closed(tokens: list[Token]) -> Iterator[list[Token]]:
    begin = 0
    while begin < len(tokens) and tokens[begin].word in PUNCTUATION:
        begin += 1
    words = tokens[begin:]
    if any(token.word not in PUNCTUATION and token.word != "0" for token in words):
        if words[-1].word not in ENDS:
            end = words[-1].stop
            words.append(Token(".", end, end, end))
        yield words
