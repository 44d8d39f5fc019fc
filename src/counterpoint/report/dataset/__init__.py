"""The page of a data set: its card, samples of each modality, and who holds what, one file a kind of picture."""
