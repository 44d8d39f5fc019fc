"""Radiology reports that name what a synthetic radiograph shows."""

import textwrap

import torch

from counterpoint.data.twins.radiograph import LOOKS, Sign
from counterpoint.randomness import generator

EXTENTS = ("small", "moderate", "large")
SHOWN = (
    "There is a {extent} {finding}{side}.",
    "{Extent} {finding}{side}.",
    "{Extent} {finding} is seen{side}.",
)
MEANT = ("{Extent} {finding}{side}.", "Findings consistent with {extent} {finding}{side}.")
NORMAL = ("No acute cardiopulmonary process.", "Normal chest radiograph.", "No evidence of acute disease.")
CLEAR = ("The lungs are clear.", "Heart size is normal.", "The lungs are well expanded and clear.")
BESIDES = (
    "The bony structures are intact.",
    "Mediastinal contours are stable.",
    "The hilar contours are unchanged.",
    "There is no free air under the diaphragm.",
    "Compared with ___, no other change.",
)
DENIED = ("pneumothorax", "pleural effusion", "consolidation")
NOT_THERE = ("No {finding}.", "There is no {finding}.")
FORMS = ("both", "impression", "findings", "body")
"""Which sections a report may have, as `used_part` tells them apart."""
INDENT = " " * 33


def report(signs: list[Sign], form: str, number: int, besides: int, key: int) -> str:
    """A report in the form of those of MIMIC-CXR.

    Each sign is named with its side and extent; something else is denied, and things are said besides.

    Args:
        signs: what it names; the first is what it concludes. Without any, it tells of a healthy chest.
        form: one of FORMS, for the sections that it has.
        number: of the report; some have a wet read above, or headings that are not in capitals.
        besides: sentences that tell nothing.
        key: of the choice of words.
    """
    drawn = generator(key, "report")

    def one(of: tuple[str, ...]) -> str:
        return of[int(torch.randint(len(of), (1,), generator=drawn))]

    def said(of: tuple[str, ...], sign: Sign) -> str:
        extent = EXTENTS[min(int(3 * sign.extent), 2)]
        side = "" if LOOKS[sign.finding].both else f" on the {'left' if sign.left else 'right'}"
        return one(of).format(extent=extent, Extent=extent.capitalize(), finding=sign.finding, side=side)

    named = {sign.finding for sign in signs}
    denied = one(NOT_THERE).format(finding=one(tuple(finding for finding in DENIED if finding not in named)))
    found = [said(SHOWN, sign) for sign in signs] or [one(CLEAR)]
    findings = " ".join([*found, denied, *(one(BESIDES) for _ in range(besides))])
    meant = [said(MEANT, sign) for sign in signs] or [one(NORMAL)]
    listed = meant[0] if len(meant) == 1 else " ".join(f"{place}. {what}" for place, what in enumerate(meant, 1))
    quiet = number % 5 == 0
    headed = {
        "both": [("Findings" if quiet else "FINDINGS", findings), ("Impression" if quiet else "IMPRESSION", listed)],
        "impression": [("IMPRESSION" if number % 11 else "CONCLUSION", listed)],
        "findings": [("FINDINGS", findings)],
        "body": [("CHEST, PA AND LATERAL", findings)],
    }[form]
    above = f"{INDENT}WET READ: ___ ___ 8:03 AM\n  Preliminary: no change.\n" if number % 9 == 0 else ""
    beside = [("EXAMINATION", "CHEST (PA AND LAT)"), ("INDICATION", "___F with cough // eval for pneumonia")]
    sections = [*beside, ("COMPARISON", "Chest radiograph ___."), *headed]
    return "\n \n".join([f"{above}{INDENT}FINAL REPORT", *map(_wrapped, sections), ""])


def _wrapped(section: tuple[str, str]) -> str:
    """A section as it is typed: lines of up to 78 characters, each behind a space."""
    return textwrap.fill(f"{section[0]}:  {section[1]}", 78, initial_indent=" ", subsequent_indent=" ")
