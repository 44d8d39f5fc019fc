"""A comparison from its settings to its results: what the command line and the standing benchmark both do."""

from counterpoint.experiments.case import cases
from counterpoint.experiments.comparison import Comparison
from counterpoint.experiments.go import Observer, compare
from counterpoint.experiments.outcome import Results
from counterpoint.experiments.store import Store
from counterpoint.experiments.tuning import Observer as SearchObserver
from counterpoint.experiments.tuning import tuned_settings


def carry_out(
    comparison: Comparison,
    store: Store,
    *,
    jobs: int,
    observer: Observer | None = None,
    search_observer: SearchObserver | None = None,
) -> Results:
    """Find the settings that it asks for, by search or in a profile, and run every case with them.

    Args:
        comparison: what is compared.
        store: its folder.
        jobs: processes.
        observer: who looks on at the runs.
        search_observer: and at the searches.

    Raises:
        Stopped: Ctrl-C or SIGTERM; what is not finished goes on where it was.
        UserError: something is unknown or out of range, or no method has settings in the profile.
    """
    tuned = tuned_settings(comparison, store, jobs=jobs, observer=search_observer)
    store.write_tuned(tuned)
    return compare(comparison, cases(comparison, tuned), store, jobs=jobs, observer=observer)
