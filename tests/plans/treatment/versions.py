"""The next version of a protocol, for tests that move plans to it."""

from dataclasses import replace
from typing import Any

from plans.protocols.models import Protocol
from plans.protocols.queries import protocols_with_steps, step_inputs
from plans.protocols.services import protocol_write
from plans.treatment.intervals import Component


def next_version(code: str = "prp", *, add: str = "", **changes: Any) -> Protocol:
    """Written from the current version, with these values in its repeated session, and the modality `add` in each."""
    current = protocols_with_steps().get(code=code, is_current=True)
    steps = [
        replace(
            step,
            components=(*step.components, Component(add)) if add and step.components else step.components,
            **(changes if step.anchor == "previous_session" else {}),
        )
        for step in step_inputs(current)
    ]
    return protocol_write(
        by=None,
        code=code,
        title=current.title,
        description=current.description,
        expectation=current.expectation,
        evidence=current.evidence,
        change_note="For a test.",
        steps=steps,
    )
