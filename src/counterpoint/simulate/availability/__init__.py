"""Who is there in a round, and with which of its modalities."""

from counterpoint.simulate.availability.availability import Availability, parse_availability

__all__ = ["Availability", "parse_availability"]
