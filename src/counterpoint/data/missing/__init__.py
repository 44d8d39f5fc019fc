"""Ways to lose modalities: from clients, from samples, inside sequences; in training and, differently, in tests.

`parse` reads the text that says how, `parse_gaps` reads it for training and for tests, and `lose` draws. A way of
losing is a class that derives from `Missing`, one a file.
"""

from counterpoint.data.missing.gaps import Gaps, parse_gaps
from counterpoint.data.missing.lose import Left, lose
from counterpoint.data.missing.mechanism import Missing
from counterpoint.data.missing.spec import parse

__all__ = ["Gaps", "Left", "Missing", "lose", "parse", "parse_gaps"]
