"""A network of real peers on this machine."""
