"""What surrounds learning: who talks to whom, radio channels, energy, and who is there."""
