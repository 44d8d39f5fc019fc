"""A federation of real Flower nodes on this machine."""
