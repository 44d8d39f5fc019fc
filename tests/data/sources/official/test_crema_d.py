"""CREMA-D out of a folder in its official layout."""

import shutil
from pathlib import Path

import pytest
import torch

from counterpoint.data import Side
from counterpoint.data.images import picture
from counterpoint.data.sources.official import crema_d
from counterpoint.errors import UserError

CLIP = "1003_DFA_ANG_XX"


def write_lists(folder: Path, train: str, test: str) -> None:
    (folder / "train.csv").write_text(train, encoding="utf-8-sig")
    (folder / "test.csv").write_text(test)


def test_rows_labels_owners_and_sides(written: Path) -> None:
    found = crema_d.read(written / "crema_d")
    assert found.task.classes == ("neutral", "happy", "sad", "fear", "disgust", "anger")
    assert found.owners[0] == "actor 1001" and len(found.owners) == 12
    assert found.samples.x["audio"].shape == (288, 48000) and found.samples.x["audio"].dtype == torch.int16
    assert found.samples.x["video"].shape == (288, 6, 64, 64) and found.samples.x["video"].dtype == torch.uint8
    assert found.samples.label.bincount().tolist() == [48] * 6
    assert found.samples.label[0] == 5, "1001_DFA_ANG_XX is the first name"
    tested = found.owner[found.side == Side.GLOBAL_TEST].unique()
    assert len(tested) == 2 and not torch.isin(found.owner[found.side == Side.TRAIN], tested).any()
    assert found.card.counts["rows without audio"] == 1
    assert "by actor" in found.card.split and "by clip" not in found.card.split


def test_the_name_with_one_x_is_the_same_clip(written: Path) -> None:
    assert (written / "crema_d/AudioWAV/1001_ITH_SAD_X.wav").is_file()
    clip = crema_d.clips(written / "crema_d")["1001_ITH_SAD_XX"]
    assert clip.sound and clip.sound.name == "1001_ITH_SAD_X.wav"
    assert clip.frames and clip.frames.name == "1001_ITH_SAD_XX"


def test_frames_are_the_first_two_in_order_and_the_last_again(crema: Path) -> None:
    frames = crema / "Image-01-FPS" / CLIP
    shutil.rmtree(frames)
    frames.mkdir()
    others = sorted((crema / "Image-01-FPS/1004_DFA_SAD_XX").iterdir()) + sorted(
        (crema / "Image-01-FPS/1005_DFA_SAD_XX").iterdir()
    )
    clip = crema_d.clips(crema)[CLIP]
    assert clip.see() is None
    shutil.copy(others[0], frames / "00029.jpg")
    assert torch.equal(clip.see(), torch.cat([picture(others[0], 64)] * 2))
    shutil.copy(others[-1], frames / "00000.jpg")
    shutil.copy(others[0], frames / "100000.jpg")
    assert torch.equal(clip.see(), torch.cat([picture(others[-1], 64), picture(others[0], 64)]))


def test_lists_in_the_folder_are_kept(crema: Path) -> None:
    write_lists(crema, f"{CLIP},ANG\n1001_ITH_SAD_X,SAD\n\n", "1003_DFA_SAD_XX,SAD\n")
    found = crema_d.read(crema)
    assert found.side.tolist() == [Side.TRAIN, Side.TRAIN, Side.GLOBAL_TEST]
    assert found.owners == ("actor 1001", "actor 1003")
    assert found.card.counts["clips that no list names"] == 285
    assert "by clip" in found.card.split and "by actor" not in found.card.split
    assert "each actor is on both sides" in found.card.traps[0]


@pytest.mark.parametrize(
    ("train", "test", "complaint"),
    [
        ("1003_DFA_ANG_XX,SAD\n", "", r"train.csv, line 1: not a clip and its emotion, as in 1001_DFA_ANG_XX,ANG\.$"),
        ("1003_DFA_ANG_XX\n", "", "train.csv, line 1: not a clip and its emotion"),
        (
            "1003_DFA_ANG_XX,ANG\n",
            "\n1003_DFA_ANG_XX,ANG\n",
            "test.csv, line 2: the clip 1003_DFA_ANG_XX is listed twice",
        ),
        ("1099_DFA_ANG_XX,ANG\n", "", "line 1: the folder has neither sound nor frames of the clip 1099_DFA_ANG_XX"),
    ],
)
def test_wrong_lists(crema: Path, train: str, test: str, complaint: str) -> None:
    write_lists(crema, train, test)
    with pytest.raises(UserError, match=complaint):
        crema_d.read(crema)


def test_one_list_alone(crema: Path) -> None:
    (crema / "test.csv").write_text("")
    with pytest.raises(UserError, match=r"CREMA-D has test.csv but no train.csv: give both for their split"):
        crema_d.read(crema)


def test_what_is_missing_as_a_whole(crema: Path) -> None:
    shutil.rmtree(crema / "Image-01-FPS")
    with pytest.raises(UserError, match="CREMA-D has neither Image-01-FPS nor VideoFlash: the folder of CREMA-D holds"):
        crema_d.read(crema)
    shutil.rmtree(crema / "AudioWAV")
    with pytest.raises(UserError, match="CREMA-D has no AudioWAV: the folder of CREMA-D holds AudioWAV"):
        crema_d.read(crema)
    (crema / "AudioWAV").mkdir()
    (crema / "VideoFlash").mkdir()
    with pytest.raises(UserError, match="has no clips in AudioWAV and VideoFlash"):
        crema_d.read(crema)


def test_a_clip_without_frames_or_sound_lacks_that_modality(crema: Path) -> None:
    shutil.rmtree(crema / "Image-01-FPS" / CLIP)
    (crema / "AudioWAV/1003_DFA_SAD_XX.wav").unlink()
    (crema / "AudioWAV/.DS_Store").touch()
    found = crema_d.read(crema)
    assert found.samples.patterns() == {"audio": 1, "video": 2, "audio+video": 285}
    assert found.card.counts["rows without video"] == 1 and found.card.counts["rows without audio"] == 2


def test_alien_names_and_damaged_files(crema: Path) -> None:
    (crema / "AudioWAV/1003_DFA_JOY_XX.wav").touch()
    with pytest.raises(UserError, match=r"1003_DFA_JOY_XX.wav is named as no clip of CREMA-D is: names are like"):
        crema_d.read(crema)
    (crema / "AudioWAV/1003_DFA_JOY_XX.wav").unlink()
    (crema / f"AudioWAV/{CLIP}.wav").write_bytes(b"version https of git-lfs")
    with pytest.raises(UserError, match=rf"{CLIP}.wav is no sound that can be read"):
        crema_d.read(crema)
    shutil.copy(crema / "AudioWAV/1003_DFA_SAD_XX.wav", crema / f"AudioWAV/{CLIP}.wav")
    next((crema / "Image-01-FPS" / CLIP).iterdir()).write_bytes(b"no picture")
    with pytest.raises(UserError, match=rf"{CLIP}/00000.jpg is no picture that can be read"):
        crema_d.read(crema)


def test_films_need_ffmpeg(crema: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(crema / "Image-01-FPS")
    (crema / "VideoFlash").mkdir()
    (crema / f"VideoFlash/{CLIP}.flv").touch()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(
        UserError,
        match=rf"reading .*{CLIP}.flv needs the program ffmpeg, which is not installed: install it, or put the frames",
    ):
        crema_d.read(crema)
