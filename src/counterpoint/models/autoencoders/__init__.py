"""Models that read samples and write them again."""

from counterpoint.models.autoencoders.split import SplitAutoencoder

__all__ = ["SplitAutoencoder"]
