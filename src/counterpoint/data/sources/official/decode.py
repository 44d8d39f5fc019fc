"""Sound and frames out of video files, through the program ffmpeg."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from counterpoint.data.sources.official.clips import frame_files, stacked_frames, tiled
from counterpoint.errors import UserError

A_SECOND_APART = r"select='isnan(prev_selected_t)+gte(t-prev_selected_t,1)',setpts=N/TB"
"""The first frame, and from then on each that comes a second after the last one; then exactly one a second."""
NO_STREAM = "does not contain any stream"
"""What ffmpeg says of a film that has no sound, say."""


def video_frames(file: Path, frames: int, size: int, start: float = 0.0, instead: str = "") -> Tensor | None:
    """Frames of a video, a second apart, as `stacked_frames` gives them; None where it has none.

    Args:
        file: a video.
        frames: how many.
        size: pixels a side.
        start: second of the first.
        instead: what may be given in place of the video, for complaints.

    Raises:
        UserError: ffmpeg is not installed, or cannot read it.
    """
    with tempfile.TemporaryDirectory() as folder:
        cut = ["-vf", A_SECOND_APART, "-r", "1", "-frames:v", str(frames), "-q:v", "2", f"{folder}/%05d.jpg"]
        _ffmpeg(file, start, ["-an", *cut], instead)
        return stacked_frames(frame_files(Path(folder)), frames, size)


def video_sound(
    file: Path, rate: int, seconds: float, start: float = 0.0, end: float | None = None, instead: str = ""
) -> Tensor | None:
    """A stretch of a video's sound, as `clips.recording` gives it; None where it has no sound.

    Args:
        file: a video.
        rate: samples a second.
        seconds: length of the result.
        start: second at which the stretch begins,
        end: and ends; the end of the video where None.
        instead: what may be given in place of the video, for complaints.

    Raises:
        UserError: ffmpeg is not installed, or cannot read it.
    """
    lasting = min(seconds, seconds if end is None else end - start)
    made = ["-map", "0:a:0?", "-ac", "1", "-ar", str(rate), "-f", "s16le", "-t", f"{lasting:g}"]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "sound.raw"
        _ffmpeg(file, start, ["-vn", *made, str(out)], instead)
        values = np.fromfile(out, dtype="<i2") if out.exists() else np.zeros(0, dtype="<i2")
    return tiled(values[:, None] / 2**15, rate, rate, seconds) if len(values) else None


def _ffmpeg(file: Path, start: float, made: Sequence[str], instead: str) -> None:
    program = shutil.which("ffmpeg")
    if program is None:
        raise UserError(f"reading {file} needs the program ffmpeg, which is not installed: install it, or {instead}.")
    begin = ["-ss", f"{start:g}"] if start else []
    command = [program, "-v", "error", "-nostdin", "-y", *begin, "-i", str(file.resolve()), *made]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode and NO_STREAM not in done.stderr:
        said = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1].rstrip(".")
        raise UserError(f"{file} is no video that ffmpeg can read ({said}).")
