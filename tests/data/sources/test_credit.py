"""Names of artists, out of what people typed."""

import pytest

from counterpoint.data.sources.credit import NOBODY, cleaned, commonest, credited, same_person


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("  Pen &amp; \n Pencil ", "Pen & Pencil"),
        ("Gelato all&amp;#39;italiana", "Gelato all'italiana"),
        ("L&amp;Atilde;&amp;copy;zard", "Lézard"),
        ("Baden-W&amp;uuml;rttemberg", "Baden-Württemberg"),
        ("Lézard", "Lézard"),
        ("Ελλάδα", "Ελλάδα"),
        ("Mikol\xe1\x9a Ale", "Mikolá Ale"),
        ("", ""),
    ],
)
def test_cleaned(text: str, meant: str) -> None:
    assert cleaned(text) == meant


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Danny Allen", "Danny Allen"),
        ("Jean-Victor Balin (balin_j@epita.fr)", "Jean-Victor Balin"),
        ("Jakob [x@y.com]", "Jakob"),
        ("Martin Koz&#225;k &lt;x@y.cz>", "Martin Kozák"),
        ("Graig Ryan Smith - x@y.org", "Graig Ryan Smith"),
        ("Spencer Joplin, http://x", "Spencer Joplin"),
        ("Cezary Biele and Christian Schaller", "Cezary Biele"),
        ("Nathan Eady et al.", "Nathan Eady"),
        ("Andy Anderson", "Andy Anderson"),
        ("Anonymous", NOBODY),
        ("HASH(0x89c79d4)", NOBODY),
        ("", NOBODY),
    ],
)
def test_credited(text: str, name: str) -> None:
    assert credited(text) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("AJ Ashton", "A.J. Ashton"),
        ("Sérgio Luiz Araújo Silva", "Sergio Luiz Araujo Silva"),
        ("Rollandin Francesco", "Architetto Francesco Rollandin"),
        ("Patricia FIDI", "Patricia Fidi"),
        ("Jean-Maurice Le Clec'h", "Jean-Maurice Le Clech"),
    ],
)
def test_one_person_in_two_spellings(one: str, other: str) -> None:
    assert same_person(one) == same_person(other)


def test_two_people_stay_two() -> None:
    assert same_person("Nicolas") != same_person("Nicolas Clementz")
    assert same_person(NOBODY) == NOBODY


def test_the_commonest_spelling_then_the_first() -> None:
    assert commonest(["mo", "Mo", "Mo", "B A", "A B"]) == {"mo": "Mo", "a b": "B A"}
