"""Data sets that no registry carries: users have them on disk, in the layout of their authors.

Such a data set is named with its folder, `NAME:FOLDER`.
"""

from counterpoint.data.sources.official import (
    ave,
    covidx,
    crema_d,
    crisismmd,
    mhealth,
    mimic_cxr,
    opportunity,
    rsna,
    urfall,
)
from counterpoint.data.sources.official.official import Official

OFFICIAL: dict[str, Official] = {
    source.card.name: source
    for source in (
        ave.SOURCE,
        covidx.SOURCE,
        crema_d.SOURCE,
        crisismmd.SOURCE,
        mhealth.SOURCE,
        mimic_cxr.SOURCE,
        opportunity.SOURCE,
        rsna.SOURCE,
        urfall.SOURCE,
    )
}
"""By name."""
