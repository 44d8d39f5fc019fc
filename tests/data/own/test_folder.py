"""A folder with a table and media becomes a data set; what is wrong is named with file and line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
import torch
from pyarrow import parquet

from counterpoint.data import Side, prepared
from counterpoint.data.images import picture
from counterpoint.data.own import load_folder
from counterpoint.data.text import unspell
from counterpoint.errors import UserError

Records = list[dict[str, Any]]


def test_the_whole(folder: Path) -> None:
    dataset = load_folder(folder)
    samples, modalities = dataset.samples, dataset.modalities
    kinds = {name: (modality.kind, modality.shape) for name, modality in modalities.items()}
    assert kinds == {
        "scan": ("image", (3, 64, 64)),
        "voice": ("audio", (3200,)),
        "ecg": ("sequence", (2, 10)),
        "vitals": ("table", (2,)),
        "age": ("table", (1,)),
        "note": ("text", (len('said, "fine"\nline 10'),)),
    }
    assert modalities["vitals"].columns == ("pulse", "pressure")
    assert dataset.task.classes == ("ill", "well")
    assert samples.label[:3].tolist() == [1, 0, 1]
    assert dataset.owners == ("ward 8", "ward 9", "ward 10", "ward 11")
    absent = {m: (~there).nonzero().flatten().tolist() for m, there in samples.present.items()}
    assert absent == {"scan": [5], "voice": [], "ecg": [], "vitals": [], "age": [], "note": [9]}
    assert samples.x["vitals"].isnan().nonzero().tolist() == [[7, 0]]
    assert torch.equal((samples.x["scan"][2] * 255).round().byte(), picture(folder / "scans/2.png", 64))
    assert unspell(samples.x["note"][3]) == 'said, "fine"\nline 3'
    assert (samples.x["vitals"][:, 1] == 0).all(), "120 throughout"
    assert dataset.name == "clinic"
    assert dataset.card.origin == "read from a folder: data.csv and 119 files that it names"
    assert int((dataset.side == Side.GLOBAL_TEST).sum()) == 8


def test_it_is_found_by_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    dataset = prepared("./clinic", ["age", "note"])
    assert sorted(dataset.modalities) == ["age", "note"]
    monkeypatch.chdir(folder)
    assert prepared(".").name == "clinic"


def test_all_table_files_say_the_same(folder: Path, records: Records, write_table: Callable[..., None]) -> None:
    wanted = load_folder(folder).card
    for name in ("data.tsv", "data.jsonl", "data.parquet"):
        for old in folder.glob("data.*"):
            old.unlink()
        cells = [{key: None if value == "" else value for key, value in row.items()} for row in records]
        if name.endswith("tsv"):
            write_table(folder, records, name)
        elif name.endswith("jsonl"):
            lines = [json.dumps({key: value for key, value in row.items() if value is not None}) for row in cells]
            (folder / name).write_text("\n\n".join(lines))
        else:
            parquet.write_table(pyarrow.Table.from_pylist(cells), folder / name)
        found = load_folder(folder).card
        assert found.checksum == wanted.checksum
        assert found.modalities == wanted.modalities


def test_space_around_cells_means_nothing(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("label , age\n" + "ill, 40\n ill,41\nwell ,42 \nwell,43\n" * 5)
    (tmp_path / "data.toml").write_text("standardise = false")
    dataset = load_folder(tmp_path)
    assert dataset.task.classes == ("ill", "well")
    assert dataset.samples.x["age"][:4].flatten().tolist() == [40, 41, 42, 43]


def test_lists_of_numbers(tmp_path: Path) -> None:
    rows = [
        {"label": i % 2, "embedding": [i, 1.5, i if i else None], "trace": [[1, 2, i], [3, 4, 5]]} for i in range(10)
    ]
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    dataset = load_folder(tmp_path)
    assert dataset.modalities["embedding"].kind == "table"
    assert dataset.samples.x["embedding"].isnan().nonzero().tolist() == [[0, 2]]
    assert dataset.samples.x["trace"][4].tolist() == [[1, 2, 4], [3, 4, 5]]


def test_labels_that_are_numbers(tmp_path: Path, write_table: Callable[..., None]) -> None:
    write_table(tmp_path, [{"label": (10, 9)[i % 2], "a": i} for i in range(10)])
    assert load_folder(tmp_path).task.classes == ("9", "10")
    write_table(tmp_path, [{"label": i % 2, "a": i} for i in range(10)])
    (tmp_path / "data.toml").write_text('classes = ["no", "yes"]')
    assert load_folder(tmp_path).task.classes == ("no", "yes")
    (tmp_path / "data.toml").write_text('classes = ["1", "0"]')
    assert load_folder(tmp_path).samples.label[:2].tolist() == [1, 0], "names go before places"


def test_what_data_toml_says(folder: Path) -> None:
    (folder / "data.toml").write_text(
        """
        name = "ward"
        title = "Forty visits"
        licence = "CC0"
        classes = ["well", "ill"]
        ignore = ["id", "ecg"]
        test_share = 0.5
        standardise = false
        [modalities.scan]
        size = 16
        [modalities.voice]
        rate = 8000
        seconds = 0.1
        [modalities.note]
        kind = "text"
        length = 8
        [modalities.body]
        columns = ["age", "vitals.pulse"]
        unit = "mixed"
        [modalities.vitals]
        columns = ["pressure"]
        """
    )
    dataset = load_folder(folder)
    assert {name: modality.shape for name, modality in dataset.modalities.items()} == {
        "body": (2,),
        "vitals": (1,),
        "scan": (3, 16, 16),
        "voice": (800,),
        "note": (8,),
    }
    assert dataset.modalities["body"].columns == ("age", "vitals.pulse")
    assert dataset.modalities["body"].unit == "mixed"
    assert dataset.samples.x["body"][2].tolist() == [42.0, 62.0]
    assert (dataset.name, dataset.card.title, dataset.card.licence) == ("ward", "Forty visits", "CC0")
    assert dataset.task.classes == ("well", "ill")
    assert int((dataset.side == Side.GLOBAL_TEST).sum()) == 20


def test_a_text_may_look_like_numbers_or_files(tmp_path: Path, write_table: Callable[..., None]) -> None:
    write_table(tmp_path, [{"label": i % 2, "code": 100 + i, "file": f"{i}.png"} for i in range(10)])
    (tmp_path / "data.toml").write_text('[modalities.code]\nkind = "text"\n[modalities.file]\nkind = "text"')
    dataset = load_folder(tmp_path)
    assert unspell(dataset.samples.x["code"][3]) == "103"
    assert unspell(dataset.samples.x["file"][3]) == "3.png"


def rewrite(change: Callable[[Records], object]) -> Callable[[Path, Records, Callable[..., None]], None]:
    def write(folder: Path, records: Records, write_table: Callable[..., None]) -> None:
        change(records)
        write_table(folder, records)

    return write


def put(row: int, column: str, value: object) -> Callable[..., None]:
    return rewrite(lambda records: records[row].__setitem__(column, value))


def rename(old: str, new: str) -> Callable[..., None]:
    return rewrite(lambda records: [row.__setitem__(new, row.pop(old)) for row in records])


def file(name: str, text: str | bytes | None) -> Callable[..., None]:
    def write(folder: Path, *_: object) -> None:
        if text is None:
            (folder / name).unlink()
        else:
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    return write


# A record spans two lines, because a note does; the first is on line 2.
@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (put(2, "scan", "scans/99.png"), "data.csv line 6: there is no file 'scans/99.png' in "),
        (
            put(2, "scan", "../clinic/scans/1.png"),
            "data.csv line 6: '../clinic/scans/1.png' lies outside of the folder",
        ),
        (put(2, "scan", "/etc/passwd.png"), "data.csv line 6: '/etc/passwd.png' lies outside of the folder"),
        (
            put(2, "scan", "scans"),
            "data.csv line 6: 'scans' in column 'scan' is no name of a file with one of the endings",
        ),
        (put(2, "scan", "a\0.png"), "data.csv line 6"),
        (put(2, "scan", "x" * 300 + ".png"), "data.csv line 6: '"),
        (file("scans/2.png", b"\x89PNG"), "scans/2.png (data.csv line 6) is no picture that can be read"),
        (file("voices/2.wav", b"RIFF"), "voices/2.wav (data.csv line 6) is no sound that can be read"),
        (file("ecg2.npy", b"RIFF"), "ecg2.npy (data.csv line 6) is no array that can be read"),
        (put(2, "scan", "voices/2.wav"), "data.csv line 6 holds a recording, data.csv line 2 a picture"),
        (put(2, "label", ""), "data.csv line 6 has no label: leave the row out."),
        (put(2, "label", "sick"), "class 'sick' has a single row (data.csv line 6)"),
        (put(2, "client", ""), "data.csv line 6 has no client: give every row one."),
        (put(2, "id", "visit 1"), "the id 'visit 1' is that of data.csv line 4 and of data.csv line 6"),
        (
            put(2, "age", "old"),
            "data.csv line 6: 'old' in column 'age' is no number: leave the cell empty if the value is",
        ),
        (put(2, "age", "inf"), "modality 'age': data.csv line 6 has an infinite value"),
        (put(2, "vitals.pulse", "1_0"), "data.csv line 6: '1_0' in column 'vitals.pulse' is no number"),
        (rename("label", "class"), "data.csv has no column 'label': add one with the class of each row."),
        (
            rename("age", "Age (years)"),
            "'Age (years)' cannot name a modality: a name has letters, digits and underscores",
        ),
        (rename("age", "vitals"), "data.csv has the columns 'vitals' and 'vitals.pulse': rename one of them."),
        (rename("note", "vitals.note"), "in column 'vitals.note' is no number: leave the cell empty if"),
        (rename("age", " "), "data.csv: column 10 has no name: name it, or take it out."),
        (rename("age", "id "), "data.csv has two columns 'id': rename one, or take it out."),
        (
            rewrite(lambda rows: [row.update(age="") for row in rows]),
            "column 'age' of data.csv is empty: take it out, or",
        ),
        (
            rewrite(lambda rows: [row.update(split="train") for row in rows]),
            "no row has the split 'global': mark rows for",
        ),
        (
            file("data.csv", None),
            " has no table of its rows: put one of data.csv, data.tsv, data.jsonl, data.parquet into",
        ),
        (file("data.tsv", "label"), " holds data.csv and data.tsv: keep one of them."),
        (file("data.csv", "label,a\n"), "data.csv has no rows."),
        (file("data.csv", ""), "data.csv has no rows."),
        (file("data.csv", "label,a\n0,1\n0,1,2\n"), "data.csv line 3 has 3 cells, but there are 2 columns."),
        (file("data.csv", 'label,a\n0,1\n"0,1\n'), "data.csv line 3 cannot be read (unexpected end of data)."),
        (file("data.csv", "label;a\n0;1\n"), "data.csv seems to have semicolons between its columns: write commas."),
        (file("data.csv", b"label,a\n\xff,1\n"), "data.csv is not in UTF-8 (invalid start byte): save it so."),
        (file("data.csv", "label\n0\n1\n"), "data.csv has no column for a modality: add one beside label, id, client,"),
        (file("data.toml", "name = 7"), "data.toml: name is 7, which is not of its type: a text in quotation marks."),
        (
            file("data.toml", "classes = [1, 2]"),
            "data.toml: classes is [1, 2], which is not of its type: a list of texts.",
        ),
        (file("data.toml", "test_share = true"), "test_share=True: give a number between 0 and 1"),
        (file("data.toml", "tilte = 'x'"), "data.toml 'tilte': did you mean 'title'?"),
        (file("data.toml", "title ="), "data.toml is no TOML that can be read"),
        (file("data.toml", "modalities = 3"), "data.toml: write what is said of a modality under [modalities.NAME]."),
        (file("data.toml", "[modalities.scam]\nsize = 9"), "unknown modality in data.csv 'scam': did you mean 'scan'?"),
        (
            file("data.toml", "[modalities.scan]\nsise = 9"),
            "unknown setting of modality 'scan' 'sise': did you mean 'size'?",
        ),
        (
            file("data.toml", "[modalities.scan]\nsize = 0"),
            "modality 'scan': its size is 0; it must be a whole number above 0.",
        ),
        (file("data.toml", "[modalities.scan]\nkind = 'picture'"), "unknown kind of modality 'scan' 'picture'"),
        (file("data.toml", "[modalities.note]\nkind = 'image'"), "data.csv line 2: 'said, "),
        (
            file("data.toml", "[modalities.note]\nsize = 4"),
            "modality 'note' has a size, but its kind is text: leave it out",
        ),
        (
            file("data.toml", "[modalities.b]\ncolumns = ['agee']"),
            "unknown column of data.csv in data.toml 'agee': did you",
        ),
        (
            file("data.toml", "[modalities.b]\ncolumns = ['label']"),
            "data.toml gives column 'label' to 'b', but it has another",
        ),
        (file("data.toml", "[modalities.b]\ncolumns = ['note']"), "in column 'note' is no number"),
        (
            file("data.toml", "[modalities.vitals]\nkind = 'text'"),
            "modality 'vitals' has 2 columns, so its kind must be",
        ),
        (
            file("data.toml", "[modalities.vitals]\ncolumns = ['pulse']"),
            "data.toml lists the columns of modality 'vitals' without 'vitals.pressure': list or ignore it.",
        ),
        (file("data.toml", "ignore = ['agee']"), "unknown column of data.csv in data.toml 'agee': did you mean 'age'?"),
        (file("data.toml", "ignore = ['label']"), "data.toml ignores 'label', which is needed."),
    ],
)
def test_mistakes(
    folder: Path, records: Records, write_table: Callable[..., None], spoil: Callable[..., None], sentence: str
) -> None:
    spoil(folder, records, write_table)
    with pytest.raises(UserError) as error:
        load_folder(folder)
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("data.jsonl", b'{"label": 1}\n[1]\n', "data.jsonl line 2 is no JSON object: write"),
        ("data.jsonl", b'{"label": 1}\n\n{"label": }\n', "data.jsonl line 3 is no JSON that can be read"),
        ("data.jsonl", b'{"label": 1, "a": {"b": 1}}\n' * 2, "data.jsonl line 1: {'b': 1} in column 'a' is no text"),
        ("data.jsonl", b'{"label": 1, "a": 1' + b"0" * 400 + b"}\n", "data.jsonl line 1: 1"),
        ("data.parquet", b"PAR1", "data.parquet is no Parquet file that can be read"),
    ],
)
def test_mistakes_in_other_tables(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as error:
        load_folder(tmp_path)
    assert sentence in str(error.value)


def test_names_of_files_are_relative(folder: Path, records: Records, write_table: Callable[..., None]) -> None:
    records[2]["scan"] = str((folder / "scans/1.png").resolve())
    write_table(folder, records)
    with pytest.raises(UserError, match=r"line 6: '.*scans/1.png' lies outside of the folder"):
        load_folder(folder)


def test_links_must_stay_inside(folder: Path, records: Records, write_table: Callable[..., None]) -> None:
    secret = folder.parent / "secret.png"
    secret.write_bytes((folder / "scans/1.png").read_bytes())
    (folder / "link.png").symlink_to(secret)
    records[2]["scan"] = "link.png"
    write_table(folder, records)
    with pytest.raises(UserError, match=r"line 6: 'link.png' lies outside of the folder"):
        load_folder(folder)
    (folder / "link.png").unlink()
    (folder / "link.png").symlink_to(folder / "scans/4.png")
    assert torch.equal(load_folder(folder).samples.x["scan"][2], load_folder(folder).samples.x["scan"][4])
    (folder / "data.csv").rename(folder.parent / "elsewhere.csv")
    (folder / "data.csv").symlink_to(folder.parent / "elsewhere.csv")
    with pytest.raises(UserError, match=r"'data.csv' lies outside of the folder"):
        load_folder(folder)


def test_a_file_that_cannot_be_opened(folder: Path) -> None:
    (folder / "data.csv").unlink()
    (folder / "data.csv").mkdir()
    with pytest.raises(UserError, match=r"cannot read .*data.csv \(Is a directory\)"):
        load_folder(folder)


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no folder .*nowhere\."):
        load_folder(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file is no folder\."):
        load_folder(tmp_path / "file")


def test_nothing_is_unpickled(folder: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (folder / "exploded",))

    np.save(folder / "ecg3.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    with pytest.raises(UserError, match=r"ecg3.npy \(data.csv line 8\) is no array that can be read"):
        load_folder(folder)
    assert not (folder / "exploded").exists()


def test_classes_that_others_have_may_be_lacking_or_come_once(tmp_path: Path):
    (tmp_path / "data.csv").write_text("label,labs\nwell,1\nill,2\n" + "well,3\n" * 10)
    with pytest.raises(UserError, match="class 'ill' has a single row"):
        load_folder(tmp_path)
    found = load_folder(tmp_path, ["dead", "ill", "well"])
    assert found.task.classes == ("dead", "ill", "well")
    assert found.samples.label.tolist() == [2, 1] + [2] * 10
    with pytest.raises(UserError, match=r"unknown class of data\.csv line 2 'well'"):
        load_folder(tmp_path, ["dead", "ill"])


def test_they_give_no_meaning_to_numbers_nor_another_order_to_classes_that_are_named(tmp_path: Path):
    (tmp_path / "data.csv").write_text("label,labs\n" + "0,1\n1,2\n" * 10)
    assert load_folder(tmp_path, ["ill", "well"]).task.classes == ("0", "1")
    (tmp_path / "data.toml").write_text('classes = ["well", "ill"]\n')
    assert load_folder(tmp_path, ["ill", "well"]).task.classes == ("well", "ill")
