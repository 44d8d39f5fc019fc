"""The sections of a run's page, one file each: a record of the run in, a section out."""
