"""Twins: small synthetic data sets in exactly the layout of published ones, read by the same code.

A twin's name is that of the published set with `-twin` behind it. What is found on a twin says nothing of that set.
"""

from counterpoint.data.sources.source import Source
from counterpoint.data.twins import (
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

TWINS: tuple[Source, ...] = (
    ave.TWIN,
    covidx.TWIN,
    crema_d.TWIN,
    crisismmd.TWIN,
    mhealth.TWIN,
    mimic_cxr.TWIN,
    opportunity.TWIN,
    rsna.TWIN,
    urfall.TWIN,
)
"""All of them."""
