"""Protocols, care advice and intervals in the console's set-up."""

from plans.protocols.admin import care, intervals, protocols

__all__ = ["care", "intervals", "protocols"]
