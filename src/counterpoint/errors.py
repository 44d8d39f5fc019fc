"""What can go wrong, said in one sentence.

`UserError` is a mistake of the person at the keyboard: the command line prints its sentence and exits with status 2.
`PackageError` is a fault of something that travelled: the engine refuses the package, counts it and goes on.
"""

import difflib
from collections.abc import Iterable


class CounterpointError(Exception):
    """Base of everything that Counterpoint raises on purpose."""


class UserError(CounterpointError):
    """A user's mistake. The message is one sentence: what is wrong, where, and what to do."""


class PackageError(CounterpointError):
    """A package that must not be used: damaged, of the wrong names, shapes or types, not finite, or too large."""


def unknown(what: str, name: str, known: Iterable[str]) -> UserError:
    """The error for a name that does not exist, with the nearest one that does.

    Args:
        what: what kind of name it is, for example "method".
        name: what was given.
        known: every valid name.
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names) or 'none'}."
    return UserError(f"unknown {what} {name!r}: {hint}")
