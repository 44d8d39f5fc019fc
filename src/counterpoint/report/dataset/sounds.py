"""Audio: waveform and spectrogram of samples, to be listened to as well."""

import base64
import io
import wave

import numpy as np

from counterpoint.report import units
from counterpoint.report.dataset.sample import Pick, Sense
from counterpoint.report.draw.sound import DECIBELS, Wave, sound
from counterpoint.report.parts import Plot, Section, Table

SILENT = 1e-9


def sounds(sense: Sense) -> Section:
    """A figure a sample."""
    modality = sense.modality
    rate = modality.rate or 1.0
    (samples,) = modality.shape
    lead = (
        f"{units.number(samples / rate)} s at {units.number(rate)} Hz. Above the waveform, below it the spectrogram: "
        f"the stronger the colour, the louder, down to {DECIBELS:.0f} dB below the loudest of the sample."
    )
    plots = [sample_plot(sense, pick, rate) for pick in sense.picks]
    return Section(f"modality-{modality.name}", modality.name, lead, facts=sense.facts, plots=plots)


def sample_plot(sense: Sense, pick: Pick, rate: float) -> Plot:
    """One sample."""
    values: Wave = sense.values[pick.row].double().numpy()
    peak, level, brightness = float(np.abs(values).max()), float(np.sqrt(np.mean(values**2))), centroid(values, rate)
    facts = [
        ["highest amplitude", units.number(float(f"{peak:.3g}"))],
        ["mean level", f"{20 * np.log10(level):.1f} dB" if level > SILENT else "silent"],
        ["mean frequency", f"{brightness:.0f} Hz" if level > SILENT else units.UNKNOWN],
    ]
    alt = (
        f"{sense.modality.name} of sample {pick.number}, {pick.label}: waveform and spectrogram, "
        f"{units.number(len(values) / rate)} s. {', '.join(f'{what}: {value}' for what, value in facts)}."
    )
    return Plot(
        pick.title,
        sound(f"{sense.modality.name}-{pick.number}", alt, values, rate),
        pick.owner,
        Table(["what", "value"], facts),
        wav(values, rate) if sense.modality.rate else "",
    )


def centroid(values: Wave, rate: float) -> float:
    """The mean frequency in Hz, each weighted by its power."""
    power = np.abs(np.fft.rfft(values)) ** 2
    return float((np.fft.rfftfreq(len(values), 1 / rate) * power).sum() / max(power.sum(), SILENT))


def wav(values: Wave, rate: float) -> str:
    """A waveform from -1 to 1 as a data URI that a browser plays."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(round(rate))
        out.writeframes((np.clip(values, -1, 1) * 32767).round().astype("<i2").tobytes())
    return "data:audio/wav;base64," + base64.b64encode(file.getvalue()).decode()
