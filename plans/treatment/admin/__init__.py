"""Plans and sessions in the console."""

from plans.treatment.admin import panels, plans, sessions

__all__ = ["panels", "plans", "sessions"]
