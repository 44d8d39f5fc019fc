"""Data of one's own: a folder with pictures, a table and text, checked, dealt to its owners, and learned from.

python examples/own_data.py
"""

import csv
import random
from pathlib import Path

from PIL import Image, ImageDraw

import counterpoint
from counterpoint import Population

SHAPES = ("disc", "square", "bar")
WORDS = {"disc": "rolls", "square": "stands", "bar": "falls over"}


def draw(shape: str, chance: random.Random) -> Image.Image:
    """A grey shape of some size at some place."""
    image = Image.new("L", (32, 32), 255)
    x, y, size = chance.randint(2, 12), chance.randint(2, 12), chance.randint(10, 16)
    box = (x, y, x + size, y + (size if shape != "bar" else 4))
    canvas = ImageDraw.Draw(image)
    (canvas.ellipse if shape == "disc" else canvas.rectangle)(box, fill=chance.randint(0, 160))
    return image


def write(folder: Path, rows: int = 240) -> None:
    """Write data.csv and the pictures that it names. Every sixth row has no text, every ninth no weight."""
    chance = random.Random(0)
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    with (folder / "data.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["label", "client", "photo", "measured.weight", "measured.height", "note"])
        for i in range(rows):
            shape = SHAPES[i % 3]
            draw(shape, chance).save(folder / f"photos/{i}.png")
            weight = "" if i % 9 == 8 else round(chance.gauss(5 + 2 * (i % 3), 2), 2)
            height = round(chance.gauss(10 - 3 * (shape == "bar"), 2), 2)
            note = "" if i % 6 == 5 else f"this one {WORDS[SHAPES[chance.choice((i, i, i + 1)) % 3]]}"
            table.writerow([shape, f"shop {i % 4 + 1}", f"photos/{i}.png", weight, height, note])
    (folder / "data.toml").write_text('title = "Shapes in four shops"\n[modalities.photo]\nsize = 24\n')


def main(folder: str = "shapes", out: str = "runs/own-data") -> None:
    """Write the folder, train FedAvg, and print what each set of modalities is worth."""
    write(Path(folder))
    people = Population.from_folder(folder, partition="natural", missing="client:0.2")
    for client in people.clients:
        print(f"{client.name}: {len(client.train)} rows to train, {', '.join(client.modalities)}")
    result = counterpoint.run("fedavg", people, rounds=15, out=out)
    for pattern in ("measured+note+photo", "measured", "note", "photo"):
        print(f"{pattern:20} {result.value('accuracy', scope='server', pattern=pattern):.3f}")


if __name__ == "__main__":
    main()
