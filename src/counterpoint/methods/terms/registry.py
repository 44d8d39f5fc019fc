"""Terms by name, and terms out of a user's own file."""

from counterpoint.errors import unknown
from counterpoint.methods.from_file import class_in_file
from counterpoint.methods.terms.blending import GradientBlending
from counterpoint.methods.terms.modality_dropout import ModalityDropout
from counterpoint.methods.terms.ogm_ge import OGMGE
from counterpoint.methods.terms.prototypes import PMR
from counterpoint.methods.terms.term import Term

TERMS: dict[str, type[Term]] = {cls.name: cls for cls in (OGMGE, GradientBlending, PMR, ModalityDropout)}


def find_term(name: str) -> type[Term]:
    """The term of this name, or the one in a file: `my_term.py`, or `my_term.py:MyTerm`.

    Raises:
        UserError: there is none.
    """
    if name.partition(":")[0].endswith(".py"):
        found: type[Term] = class_in_file(name, Term, "term")  # type: ignore[type-abstract]  # what is found is concrete
        return found
    if name not in TERMS:
        raise unknown("term", name, TERMS)
    return TERMS[name]
