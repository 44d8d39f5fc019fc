"""Who drew it, out of what people typed into a form."""

import contextlib
import html
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable

NOBODY = ""
NAMELESS = {"", "anonymous", "c...", "me", "none", "u", "unknown"}
APART = re.compile(r"\s*[(\[<]|\s+and\s+|\s+et\s+al|\s+-\s+|,\s*http")
"""Where what follows a name begins: an address, a remark, or another name."""
RANKS = {"architetto"}
SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def cleaned(text: str) -> str:
    """The text as it was meant, on one line.

    It may have been escaped for HTML more than once, and its UTF-8 taken for Western European on the way.
    """
    while (plain := html.unescape(text)) != text:
        text = plain
    with contextlib.suppress(UnicodeError):  # then it was taken for what it is
        text = text.encode("cp1252").decode()
    return SPACE.sub(" ", text).strip()


def credited(text: str) -> str:
    """The person whom a credit names first, without addresses and remarks; NOBODY where it names none."""
    name = APART.split(cleaned(text), maxsplit=1)[0].strip()
    return NOBODY if name.casefold() in NAMELESS or name.startswith("HASH") else name


def same_person(name: str) -> str:
    """What names that are taken for one have in common: their words, whatever case, accents, marks and order."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    words = "".join(letter for letter in plain if letter.isalnum() or letter == " ").split()
    return " ".join(sorted(word for word in words if word not in RANKS))


def commonest(names: Iterable[str]) -> dict[str, str]:
    """By `same_person` of the names, the spelling that is commonest, and first of those."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        spellings[same_person(name)][name] += 1
    return {person: counts.most_common(1)[0][0] for person, counts in spellings.items()}
