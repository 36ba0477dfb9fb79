"""Tells a worker that mail may be due."""

from clinic.nudging import Nudger

nudge = Nudger("plans.messages.tasks.deliver_due")
