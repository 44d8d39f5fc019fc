"""The twin of CrisisMMD: easy to read, hard to see."""

from collections.abc import Mapping
from pathlib import Path

from counterpoint.data.sources.official.crisismmd import CLASSES, LISTS, PICTURES, SOURCE, SPLITS
from counterpoint.data.twins import draw
from counterpoint.data.twins.factors import Factors, Strength, drawn
from counterpoint.data.twins.twin import twin
from counterpoint.randomness import fold_key

EVENTS = {
    "california_wildfires": "10_10_2017",
    "hurricane_harvey": "27_8_2017",
    "hurricane_irma": "7_9_2017",
    "hurricane_maria": "20_9_2017",
    "iraq_iran_earthquake": "13_11_2017",
    "mexico_earthquake": "20_9_2017",
    "srilanka_floods": "28_5_2017",
}
"""By event the day of its folder of pictures."""
EACH = {"train": 40, "dev": 12, "test": 12}
"""Tweets of an event in each list."""
SIZE = (72, 96)
WORDS = {
    "informative": ("damage", "rescue", "evacuated", "injured", "collapsed", "shelter", "flooded", "destroyed"),
    "not_informative": ("love", "watching", "song", "happy", "weekend", "game", "haha", "birthday"),
}
FILLERS = ("the", "today", "people", "we", "they", "in", "near", "with", "so", "this", "news", "still", "after", "now")
LINK = "https:" + "//t.co/"
STRENGTH = {"text": Strength(clear=0.95, contrast=0.6), "image": Strength(clear=0.75, contrast=0.3)}
COLUMNS = (
    "event_name",
    "tweet_id",
    "image_id",
    "tweet_text",
    "image",
    "label",
    "label_text",
    "label_image",
    "label_text_image",
)


def tweets() -> list[tuple[str, str, int]]:
    """List, event and label of each tweet; as published, more than half are informative."""
    return [
        (split, event, int(number % 5 < 3))
        for split, tweets in EACH.items()
        for event in EVENTS
        for number in range(tweets)
    ]


def factors(seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> Factors:
    """What is behind each of `tweets()`."""
    owner = [list(EVENTS).index(event) for _, event, _ in tweets()]
    return drawn([label for *_, label in tweets()], owner, strength, len(CLASSES), "crisismmd-twin", seed)


def write(folder: Path, seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> None:
    """Write the files of the twin.

    As published: a text may hold a single quotation mark and a link; every tenth tweet in training has a second
    picture, with the other label; and the label of a row whose text and picture disagree is one of the two.

    Args:
        folder: exists, and is empty.
        seed: of everything that is drawn.
        strength: of `text` and `image`.
    """
    behind = factors(seed, strength)
    lines: dict[str, list[str]] = {split: ["\t".join(COLUMNS)] for split in EACH}
    for row, (split, event, label) in enumerate(tweets()):
        tweet = str(917791291823591425 + 1000 * row)
        key = fold_key(seed, "crisismmd-twin", tweet)
        telling = 1 + round(5 * strength["text"].contrast)
        text = draw.words(WORDS[CLASSES[int(behind.shown["text"][row])]], FILLERS, telling, 12, key)
        text = f'RT @someone: "{text.capitalize()} {LINK}{tweet[-6:]}'
        for number in range(1 + (split == "train" and row % 10 == 0)):
            seen = label if number == 0 else 1 - label
            shown = int(behind.shown["image"][row]) if number == 0 else seen
            image = f"{PICTURES}/{event}/{EVENTS[event]}/{tweet}_{number}.jpg"
            (folder / image).parent.mkdir(parents=True, exist_ok=True)
            private, shared = float(behind.private["image"][row]), float(behind.shared[row])
            pixels = draw.frame(shown, len(CLASSES), private, shared, strength["image"], SIZE, key, number)
            draw.write_picture(folder / image, pixels)
            either = CLASSES[label if row % 20 else seen]
            told = (either, CLASSES[label], CLASSES[seen], "Positive" if seen == label else "Negative")
            lines[split].append("\t".join((event, tweet, f"{tweet}_{number}", text, image, *told)))
    (folder / SPLITS).mkdir()
    for split, name in zip(EACH, LISTS, strict=True):
        (folder / SPLITS / name).write_text("\n".join([*lines[split], ""]), encoding="utf-8")


TWIN = twin(
    SOURCE,
    write,
    f"{sum(EACH.values())} tweets of each event. A text shows the label by its words (the right one in "
    f"{STRENGTH['text'].clear:.0%} of the tweets, clearly), a picture by the place of a blot (in "
    f"{STRENGTH['image'].clear:.0%}, faintly). Brightness says nothing; each event has a hue",
    {
        "rows": 448,
        "train rows": 280,
        "client test rows": 84,
        "global test rows": 84,
        "natural units": 448,
        "natural clients": 7,
        "classes": 2,
        "rows left out, whose text and picture disagree": 28,
    },
    "by tweet, as the lists say: the test file is the global test set, the dev file is dealt out as the clients' own "
    "tests. The natural clients are the seven events",
    version=1,
)
