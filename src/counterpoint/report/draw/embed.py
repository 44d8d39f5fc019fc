"""Making matplotlib's SVG part of a page: the page's fonts and colours, and no size of its own."""

import re
from xml.etree import ElementTree as ET

from counterpoint.report.draw.colours import VARIABLES

_COLOUR = re.compile("|".join(VARIABLES))
_FONT = re.compile(r"font-family: [^;]*(; )?")
_DIGITS = re.compile(r"(\.\d\d)\d+")
_REFERENCE = re.compile(r"#([\w-]+)")
_UPRIGHT = "rotate(-0 "
_GEOMETRY = frozenset({"d", "x", "y", "transform"})


def embed(svg: str, alt: str) -> str:
    """Inline SVG with a text alternative.

    Args:
        svg: a file that matplotlib wrote.
        alt: what is to be seen, in words.
    """
    root = ET.fromstring(svg)
    for child in list(root):
        if child.tag.endswith("}metadata") or child.find("{*}style") is not None:
            root.remove(child)
    elements = list(root.iter())
    for element in elements:
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    used = {name for e in elements for value in e.attrib.values() for name in _REFERENCE.findall(value)}
    for element in elements:
        _clean(element, used)
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": alt}
    return ET.tostring(root, encoding="unicode")


def _clean(element: ET.Element, used: set[str]) -> None:
    attributes = element.attrib
    if attributes.get("id", "") not in used:
        attributes.pop("id", None)
    if attributes.get("transform", "").startswith(_UPRIGHT):
        del attributes["transform"]
    for key in _GEOMETRY & attributes.keys():
        attributes[key] = _DIGITS.sub(r"\1", attributes[key]).replace(" \n", " ").strip()
    if "style" in attributes:
        plain = _FONT.sub("", attributes["style"])
        attributes["style"] = _COLOUR.sub(lambda found: f"var({VARIABLES[found[0]]})", plain)
    if element.tag != "text":
        element.text = (element.text or "").strip()
    element.tail = ""
