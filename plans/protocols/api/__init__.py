"""Protocols as versioned templates, the intervals that bind them, and the care advice that goes with their steps."""

from plans.protocols.api.care import CareTopicViewSet
from plans.protocols.api.intervals import IntervalRuleViewSet
from plans.protocols.api.protocols import ProtocolViewSet

__all__ = ["CareTopicViewSet", "IntervalRuleViewSet", "ProtocolViewSet"]
