"""What a page is made of. Figures and texts are put into these; the template shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from counterpoint.report.units import Written


class Marked(Written):
    """A number in a table with words beside it.

    Attributes:
        mark: a word that stands out; none where empty.
        note: words that do not; none where empty.
    """

    mark: str
    note: str

    def __new__(cls, text: str, value: float, mark: str = "", note: str = "") -> Self:
        """The text of a number, and words beside it."""
        marked = super().__new__(cls, text, value)
        marked.mark, marked.note = mark, note
        return marked


@dataclass(frozen=True)
class Table:
    """A table, which readers may sort by any column.

    Attributes:
        head: names of the columns.
        rows: cells, as they are shown; those that are `Written` are sorted by their value.
        words: how many columns, from the first on, hold words; the others hold numbers and are set flush right.
        title: what it shows.
        sums: a last row, which stays the last however the others are sorted; none where empty.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1
    title: str = ""
    sums: Sequence[str] = ()


@dataclass(frozen=True)
class Steps:
    """What a script needs to show a drawing at other moments than the one that it was drawn at, the last.

    Attributes:
        now: that moment in words.
        count: of moments.
        data: JSON that may stand in a page.
    """

    now: str
    count: int
    data: str


@dataclass(frozen=True)
class Plot:
    """A figure with what it says in words and in numbers.

    Attributes:
        title: what it shows.
        svg: the drawing, inline SVG.
        caption: how to read it.
        table: the numbers.
        sound: to be played with it, a data URI; empty for none.
        steps: the moments that it can be shown at; None where there is one only.
    """

    title: str
    svg: str
    caption: str
    table: Table
    sound: str = ""
    steps: Steps | None = None


@dataclass(frozen=True)
class Tile:
    """A small picture.

    Attributes:
        src: a data URI.
        alt: what is to be seen.
        label: what it is, below it; its first line stands out.
    """

    src: str
    alt: str
    label: Sequence[str]


@dataclass(frozen=True)
class Shown:
    """A sample in a search: a picture or words.

    Attributes:
        label: what it is.
        src: a data URI; words are shown where it is empty.
        words: a text, or what stands for a sample that has no picture.
        right: whether it is what was searched for; None of what is no answer.
        note: a few letters beside the sign for that.
    """

    label: str
    src: str = ""
    words: str = ""
    right: bool | None = None
    note: str = ""


@dataclass(frozen=True)
class Searches:
    """Samples that search, each with what it found, the nearest first.

    Attributes:
        title: what searches for what.
        caption: how many are right.
        rows: each a query and its answers.
    """

    title: str
    caption: str
    rows: Sequence[tuple[Shown, Sequence[Shown]]]


@dataclass(frozen=True)
class Code:
    """A text to be copied."""

    title: str
    text: str


@dataclass(frozen=True)
class Fold:
    """A part of a section that is shown when asked for.

    Attributes:
        title: what it holds.
        facts: terms and what they are.
        tables: tables.
        codes: texts to be copied.
    """

    title: str
    facts: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()
    codes: Sequence[Code] = ()


@dataclass(frozen=True)
class Section:
    """A section of a page, shown in the order of its fields.

    Attributes:
        id: its anchor.
        title: its heading.
        lead: one or two sentences.
        facts: terms and what they are.
        tiles: small pictures in a grid.
        searches: samples and what they found, side by side where there is room.
        plots: figures, side by side where there is room.
        tables: tables.
        codes: texts to be copied.
        folds: parts that are shown when asked for.
        large: whether figures are large, two side by side where there is room for three others.
    """

    id: str
    title: str
    lead: str = ""
    facts: Sequence[tuple[str, str]] = ()
    tiles: Sequence[Tile] = ()
    searches: Sequence[Searches] = ()
    plots: Sequence[Plot] = ()
    tables: Sequence[Table] = ()
    codes: Sequence[Code] = ()
    folds: Sequence[Fold] = ()
    large: bool = False

    def __bool__(self) -> bool:
        pictures = self.tiles or self.searches or self.plots
        return bool(self.facts or pictures or self.tables or self.codes or self.folds)


@dataclass(frozen=True)
class Card:
    """A headline number: what it is, its value, and a note."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class CardGroup:
    """Headline numbers about one thing, and when they were taken."""

    title: str
    note: str
    cards: Sequence[Card]
