"""AVE out of a folder in its official layout."""

import shutil
from pathlib import Path

import pytest
import torch

from counterpoint.data import Side
from counterpoint.data.sources.official import ave
from counterpoint.data.sources.official.clips import frame_files, recording, stacked_frames
from counterpoint.errors import UserError


def add(folder: Path, line: str, name: str = "trainSet.txt") -> int:
    """Append a line to a list; its number is returned."""
    path = folder / name
    path.write_text(f"{path.read_text()}{line}\n")
    return len(path.read_text().splitlines())


def test_rows_labels_units_and_sides(written: Path) -> None:
    found = ave.read(written / "ave")
    assert len(found.task.classes) == 28 and found.task.classes[:2] == ("Church bell", "Male speech, man speaking")
    assert found.samples.x["audio"].shape == (168, 160000) and found.samples.x["video"].shape == (168, 12, 64, 64)
    assert found.side.bincount().tolist() == [112, 28, 28]
    assert found.samples.label[found.side == Side.CLIENT_TEST].tolist() == list(range(28))
    assert found.owners == ("everyone",)
    assert found.card.counts["rows left out, whose video is tested as well"] == 1
    assert len(found.samples.unit.unique()) == 168


def test_a_video_with_two_events_is_one_unit(videos: Path) -> None:
    add(videos, "Bark&_twin000001&good&3&5")
    found = ave.read(videos)
    assert len(found.samples) == 169 and found.samples.unit[112] == found.samples.unit[1]
    assert found.samples.label[112] == 2


def test_the_stretch_of_the_event_alone_is_read(written: Path) -> None:
    folder = written / "ave"
    found = ave.read(folder)
    audio, video = found.samples.x["audio"], found.samples.x["video"]
    sound = folder / "Audios"
    frames = frame_files(folder / "Image-01-FPS/_twin000002")
    assert torch.equal(audio[2], recording(sound / "_twin000002.wav", 16000, 10.0, 2, 8))
    assert torch.equal(audio[2][:64000], audio[2][96000:]), "six seconds, and the first four again"
    assert torch.equal(video[2], stacked_frames(frames[2:8], 4, 64))
    last = frame_files(folder / "Image-01-FPS/-twin000005")
    assert torch.equal(video[5], stacked_frames([last[6], last[7], last[7], last[7]], 4, 64)), "from 6 to 8"
    assert torch.equal(audio[7], recording(sound / "_twin000007.wav", 16000, 10.0)), "it ends where it begins"


def test_headers_and_empty_lines_are_no_events(videos: Path) -> None:
    path = videos / "valSet.txt"
    path.write_text(f"Category&VideoID&Quality&StartTime&EndTime\n\n{path.read_text()}")
    assert len(ave.events(videos)) == 169


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("Bark&abc&good&1", r"the five fields Category&VideoID&Quality&StartTime&EndTime\.$"),
        ("Barking&abc&good&1&2", "'Barking' is none of the 28 categories of AVE"),
        ("Bark&../abc&good&1&2", "'../abc' is no id of a video"),
        ("Bark&abc&good&one&2", "the times 'one' and '2' are not seconds"),
        ("Bark&abc&good&nan&2", "an event from second nan to 2 cannot be"),
        ("Bark&abc&good&5&2", "an event from second 5 to 2 cannot be"),
    ],
)
def test_wrong_lines(videos: Path, line: str, complaint: str) -> None:
    number = add(videos, line)
    with pytest.raises(UserError, match=rf"trainSet.txt, line {number}: .*{complaint}"):
        ave.read(videos)


def test_missing_files(videos: Path) -> None:
    add(videos, "Bark&abc&good&0&10")
    with pytest.raises(UserError, match=r"AVE_Dataset has neither Audios/abc.wav nor AVE/abc.mp4: the folder of AVE"):
        ave.read(videos)
    (videos / "testSet.txt").unlink()
    with pytest.raises(UserError, match=r"testSet.txt cannot be read \(No such file or directory\): the folder of AVE"):
        ave.read(videos)


def test_no_training(videos: Path) -> None:
    (videos / "trainSet.txt").write_text("")
    with pytest.raises(UserError, match=r"trainSet.txt has no events"):
        ave.read(videos)


def test_videos_are_decoded_where_nothing_was_extracted(videos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (videos / "AVE").mkdir()
    (videos / "AVE/-twin000005.mp4").touch()
    shutil.rmtree(videos / "Image-01-FPS/-twin000005")
    asked = []

    def decoded(file: Path, frames: int, size: int, start: float, instead: str) -> torch.Tensor:
        asked.append((file.name, frames, size, start))
        return torch.arange(3 * frames, dtype=torch.uint8)[:, None, None].expand(-1, size, size)

    monkeypatch.setattr(ave, "video_frames", decoded)
    found = ave.read(videos)
    assert asked == [("-twin000005.mp4", 2, 64, 6.0)]
    assert found.samples.x["video"][5, :, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 3, 4, 5, 3, 4, 5]
