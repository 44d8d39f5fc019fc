"""The page of a comparison, one file a section: evidence in, a section out."""
