"""What every installation starts with (pure data): protocols, intervals, care advice and screening.

All of it is a default that a clinic edits, and the clinician decides; docs/clinical-defaults.md names the sources.
`plans/apps.py` inserts after each migrate what is not there yet, and never changes what is.
"""

from plans.protocols.catalogue.care import TEXTS, TOPICS
from plans.protocols.catalogue.intervals import INTERVALS
from plans.protocols.catalogue.protocols import EXPECTATION, PROTOCOLS, ProtocolSeed
from plans.protocols.catalogue.screening import SCREENING, ScreeningSeed

__all__ = ["EXPECTATION", "INTERVALS", "PROTOCOLS", "SCREENING", "TEXTS", "TOPICS", "ProtocolSeed", "ScreeningSeed"]
