"""Radiology reports: which part of one is used, and the words of it."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

LEAST, MOST = 3, 112
"""Words of a report: with fewer it is dropped, and more are cut off."""

Kind = Literal["impression", "findings", "aside", "body"]
How = Literal["both", "impression", "findings", "body", "nothing"]

FINAL = re.compile(r"^[ \t]*final report\b[^\n]*$", re.IGNORECASE | re.MULTILINE)
HEADING = re.compile(r"[ \t]*([A-Za-z][^:\n]{1,79}?)[ \t]*:(?=\s|$)(.*)")
WORD = re.compile(r"[a-z0-9]+")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n\s*\n")

CALLED = {
    "impression": "impression",
    "conclusion": "impression",
    "conclusions": "impression",
    "summary": "impression",
    "findings": "findings",
}
ASIDE = (
    *("indication", "indications", "history", "comparison", "comparisons", "technique", "examination", "exam"),
    *("study", "procedure", "reason", "clinical", "notification", "notifications", "recommendation"),
    *("recommendations", "addendum", "wet", "date", "information", "diagnosis", "attending", "dictated"),
)
"""Headings with one of these words have nothing that is used below them."""


@dataclass(frozen=True)
class Part:
    """The part of a report that is used.

    Attributes:
        text: as it was written.
        how: out of which sections.
    """

    text: str
    how: How


def used_part(report: str) -> Part:
    """The part of a report that says what is seen.

    What stands above the last line FINAL REPORT (a wet read, an addendum) is left out where something stands below it.
    Then, the first that there is:

    1. both: the impression, and behind it the findings;
    2. impression, or findings: the one alone;
    3. body: the last text that is in neither, nor under a heading such as INDICATION, COMPARISON or TECHNIQUE; under a
       heading such as CHEST, PA AND LATERAL, say, or, without one, after such a section and an empty line;
    4. nothing.

    A heading stands at the beginning of a line, before a colon. Those of the impression and of the findings are known
    in any case, also with other words (FINDINGS AND IMPRESSION), misspelt (IMPRESSON), or as CONCLUSION or SUMMARY. Of
    several the last that is not empty counts. A heading in capitals inside of them (LUNGS) is part of their text.
    """
    final = next((piece for piece in reversed(FINAL.split(report)) if piece.strip()), "")
    told: dict[Kind, str] = {}
    for kind, text in _sections(final):
        if text.strip() and not (kind == "body" and text.upper() == text):
            told[kind] = text.strip()
    if "impression" in told and "findings" in told:
        return Part(f"{told['impression']}\n\n{told['findings']}", "both")
    if "impression" in told:
        return Part(told["impression"], "impression")
    if "findings" in told:
        return Part(told["findings"], "findings")
    return Part(told["body"], "body") if "body" in told else Part("", "nothing")


def _sections(text: str) -> Iterator[tuple[Kind, str]]:
    kind: Kind = "body"
    lines: list[str] = []
    for line in text.splitlines():
        heading = HEADING.match(line)
        found = _kind(heading[1]) if heading else None
        if heading and found and not (found == "body" and kind in ("impression", "findings")):
            yield kind, "\n".join(lines)
            kind, lines = found, [heading[2]]
        elif not line.strip() and kind == "aside" and any(one.strip() for one in lines):
            yield kind, "\n".join(lines)
            kind, lines = "body", []
        else:
            lines.append(line)
    yield kind, "\n".join(lines)


@lru_cache(maxsize=4096)
def _kind(heading: str) -> Kind | None:
    """What stands below a heading; None where it is none, but a part of a sentence."""
    words = re.findall(r"[a-z]+", heading.lower())
    capitals = heading == heading.upper()
    if not capitals and len(words) > 3:
        return None
    for word in words:
        if near := difflib.get_close_matches(word, CALLED, 1, 0.8):
            return "impression" if CALLED[near[0]] == "impression" else "findings"
    if any(word in ASIDE for word in words):
        return "aside"
    return "body" if capitals else None


def words(text: str, most: int = MOST, length: int | None = None) -> list[str]:
    """The words of a report, in lower case, letters a to z and digits alone; none where there are fewer than LEAST.

    Sentences, which end at a full stop and a space or at an empty line, of a single word are dropped, and so are the
    numbers of a list.

    Args:
        text: the part of it that is used.
        most: as many at most.
        length: bytes that they may take with a space between two; any number where None.
    """
    sentences = (WORD.findall(sentence.lower()) for sentence in SENTENCE_END.split(text))
    found = [word for sentence in sentences if len(sentence) > 1 for word in sentence]
    if len(found) < LEAST:
        return []
    kept: list[str] = []
    room = length
    for word in found[:most]:
        if room is not None:
            room -= len(word) + bool(kept)
            if room < 0:
                break
        kept.append(word)
    return kept
