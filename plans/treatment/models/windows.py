"""What every owed visit has: a window on the calendar, what set it, and perhaps a person's pin."""

from datetime import date

from django.db import models

from clinic.people.models import User
from clinic.records import Record
from plans.treatment.timeline import Window


class Owed(Record):
    """Owed between two local dates. `plans/treatment/timeline.py` computes all of it; services copy it here."""

    target_date = models.DateField()
    window_start = models.DateField()
    window_end = models.DateField()
    window_rule = models.CharField(max_length=40, blank=True, editable=False, help_text="What set the earliest date.")
    window_because = models.CharField(max_length=300, blank=True, editable=False, help_text="The same, in words.")

    WINDOW: tuple[str, ...] = ("target_date", "window_start", "window_end", "window_rule", "window_because")
    """The columns that `aim` sets."""

    class Meta(Record.Meta):
        abstract = True

    @property
    def window(self) -> tuple[date, date, date]:
        """Earliest, target and latest local date."""
        return self.window_start, self.target_date, self.window_end

    def aim(self, window: Window) -> bool:
        """Set what the calendar says; returns whether anything is different. Nothing is written yet."""
        before = [getattr(self, name) for name in self.WINDOW]
        self.window_start, self.target_date, self.window_end = window.dates
        self.window_rule, self.window_because = window.rule.value, str(window.bound)
        return before != [getattr(self, name) for name in self.WINDOW]


class Pinned(Owed):
    """Owed, and movable by hand: a pin is a target that recalculation keeps."""

    pinned_on = models.DateField(null=True, blank=True, editable=False, help_text="A target set by a person.")
    pin_reason = models.CharField(max_length=300, blank=True, editable=False)
    pinned_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    pin_conflict = models.CharField(
        max_length=300, blank=True, editable=False, help_text="Why the pin cannot be met; the target is then later."
    )

    fell_away = models.BooleanField(
        default=False, editable=False, help_text="Cancelled by a revision of the plan, not by a person."
    )

    WINDOW: tuple[str, ...] = (*Owed.WINDOW, "pin_conflict")

    class Meta(Owed.Meta):
        abstract = True

    def aim(self, window: Window) -> bool:
        conflict, self.pin_conflict = self.pin_conflict, window.pin_conflict
        return super().aim(window) or conflict != self.pin_conflict
