"""Searches for settings, on validation rows alone, and named profiles of what they found.

`Sweep` says what is searched, `Study` keeps it in a folder, `conduct` does it. A search works in batches: the trials of
a batch are chosen by TPE before the outcome of any of them is known, and written down in their order once all are
over. So its result depends on neither the number of processes nor on which of them is the quickest, and a search that
was killed ends where it would have ended.
"""

from counterpoint.experiments.tuning.attempt import Attempt
from counterpoint.experiments.tuning.conduct import Observer, conduct
from counterpoint.experiments.tuning.found import Found
from counterpoint.experiments.tuning.profiles import profile_settings, read_profile, save_profile
from counterpoint.experiments.tuning.study import Study
from counterpoint.experiments.tuning.sweep import Sweep
from counterpoint.experiments.tuning.tuned import tuned_settings

__all__ = [
    "Attempt",
    "Found",
    "Observer",
    "Study",
    "Sweep",
    "conduct",
    "profile_settings",
    "read_profile",
    "save_profile",
    "tuned_settings",
]
