"""Plans and sessions in the console."""

from plans.treatment.admin import panels, plans, rollouts, sessions

__all__ = ["panels", "plans", "rollouts", "sessions"]
