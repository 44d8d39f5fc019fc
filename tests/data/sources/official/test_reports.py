"""Which part of a radiology report is used, and its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.data.sources.official.reports import used_part, words

USUAL = """                                 FINAL REPORT
 EXAMINATION:  CHEST (PA AND LAT)

 INDICATION:  ___F with new onset ascites  // eval for infection

 TECHNIQUE:  Chest PA and lateral

 COMPARISON:  None.

 FINDINGS:

 There is no focal consolidation. Bilateral
 nodular opacities: most likely nipple shadows.

 Clips are noted.

 IMPRESSION:

 No acute cardiopulmonary process.
"""


def test_the_impression_stands_before_the_findings() -> None:
    part = used_part(USUAL)
    assert part.how == "both"
    assert " ".join(words(part.text)) == (
        "no acute cardiopulmonary process there is no focal consolidation bilateral nodular opacities most likely "
        "nipple shadows clips are noted"
    )


@pytest.mark.parametrize(
    "heading",
    [
        "IMPRESSION",
        "Impression",
        "IMPRESSON",
        "IMPRESSIONS",
        "CONCLUSION",
        "SUMMARY",
        "FINAL IMPRESSION",
        "IMPRESSION AND RECOMMENDATION",
    ],
)
def test_words_for_the_impression(heading: str) -> None:
    part = used_part(f"FINAL REPORT\n HISTORY: cough.\n\n {heading}: Normal chest.\n NOTIFICATION: by phone.")
    assert (part.text, part.how) == ("Normal chest.", "impression")


@pytest.mark.parametrize("heading", ["FINDINGS", "Findings", "FINDING", "FIDNINGS", "REPORT FINDINGS"])
def test_words_for_the_findings(heading: str) -> None:
    part = used_part(f" {heading}:\n\n The lungs are clear.\n\n COMPARISON: ___.\n\n")
    assert (part.text, part.how) == ("The lungs are clear.", "findings")


def test_both_in_one_section() -> None:
    assert used_part(" COMPARISON: none\n FINDINGS AND IMPRESSION: Clear lungs.").text == "Clear lungs."
    assert used_part(" COMPARISON: none\n FINDINGS/IMPRESSION: Clear lungs.").text == "Clear lungs."


def test_what_stands_above_the_final_report_is_left_out() -> None:
    above = "WET READ: ___ 8:03 AM\n IMPRESSION: Pneumonia.\n______\n FINAL REPORT\n IMPRESSION: None seen.\n"
    assert used_part(above).text == "None seen."
    assert used_part(" IMPRESSION: Pneumonia.\n FINAL REPORT\n").text == "Pneumonia."


def test_of_two_impressions_the_last_that_is_not_empty_counts() -> None:
    assert used_part(" IMPRESSION: One.\n INDICATION: cough\n IMPRESSION: Two.\n\n IMPRESSION:\n").text == "Two."


def test_headings_in_capitals_within_the_findings_are_part_of_them() -> None:
    part = used_part(" FINDINGS:\n LUNGS: clear.\n HEART: large.\n TECHNIQUE: portable.\n")
    assert words(part.text) == ["lungs", "clear", "heart", "large"]


def test_a_heading_of_the_examination_stands_in_for_the_sections() -> None:
    part = used_part(
        " FINAL REPORT\n INDICATION: cough.\n\n CHEST, PA AND LATERAL:  The lungs are clear.\n It is well.\n"
    )
    assert (part.text, part.how) == ("The lungs are clear.\n It is well.", "body")


def test_text_after_an_aside_and_an_empty_line_stands_in_for_them() -> None:
    part = used_part(" FINAL REPORT\n PORTABLE CHEST\n\n COMPARISON:\n\n Film of ___.\n\n Heart size is normal.\n")
    assert (part.text, part.how) == ("Heart size is normal.", "body")


@pytest.mark.parametrize(
    "nothing", ["", "\n", " FINAL REPORT\n PORTABLE CHEST\n INDICATION: cough.\n", " IMPRESSION:\n"]
)
def test_nothing_to_use(nothing: str) -> None:
    part = used_part(nothing)
    assert (part.text, part.how, words(part.text)) == ("", "nothing", [])


def test_sentences_of_a_word_and_numbers_of_lists_are_dropped() -> None:
    found = " ".join(words("1. No change. 2. Stable. 3. A 2.5 cm mass in ___ lung!"))
    assert found == "no change a 2 5 cm mass in lung"


def test_reports_of_two_words_are_dropped_and_of_three_are_not() -> None:
    assert words("No change.") == [] and words("Large edema. Stable.") == []
    assert words("No acute change.") == ["no", "acute", "change"]


def test_no_more_words_or_bytes_than_asked_for() -> None:
    long = "word " * 200
    assert len(words(long)) == 112 and len(words(long, 5)) == 5
    assert words("clear lungs today", 112, 11) == ["clear", "lungs"]
    assert words("clear lungs today", 112, 10) == ["clear"]


@given(st.text(alphabet="AbFINDGSimpreo:. \n_9é", max_size=120))
def test_any_text_is_read(text: str) -> None:
    found = words(used_part(text).text, 112, 40)
    assert len(" ".join(found)) <= 40 and all(word.isascii() and word.isalnum() for word in found)
    assert " ".join(found) == " ".join(found).lower()
