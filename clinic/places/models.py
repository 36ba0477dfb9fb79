"""Where care happens and when it is open: locations, rooms, weekly hours and breaks, and the days that differ.

Instants are UTC. Opening hours are wall-clock times in the location's zone; `clinic/places/wallclock.py` is the one
module that turns them into instants.
"""

import zoneinfo

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from clinic.people.models import Modality, Practitioner
from clinic.records import Record, in_order
from clinic.words import date_in_full


def zone_names() -> set[str]:
    """The IANA zones. Python also lists names of this machine (`localtime`) that PostgreSQL does not know."""
    return {name for name in zoneinfo.available_timezones() if "/" in name or name == "UTC"}


def validate_timezone(value: str) -> None:
    if value not in zone_names():
        raise ValidationError("%(value)s is not an IANA time zone (such as America/New_York).", params={"value": value})


CODE_LAST = frozenset({"US", "CA", "AU", "GB", "IE", "NZ", "IN"})
"""Countries that write the postal code behind the town."""


@pghistory.track(append_only=True)
class Location(Record):
    """One clinic site. Its zone decides every local date and time of what happens there."""

    name = models.CharField(max_length=120, unique=True)
    timezone = models.CharField(
        max_length=64, validators=[validate_timezone], help_text="IANA name, e.g. Europe/Madrid."
    )
    street = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2.")
    mail_name = models.CharField(
        "name in mail",
        max_length=120,
        blank=True,
        help_text="The name in mail and on calendar entries, which others may see; empty: its name.",
    )
    phone = models.CharField(max_length=32, help_text="What patients call; it stands in every mail.")
    email = models.EmailField(help_text="Replies to the clinic's mail reach this address.")
    language = models.CharField(max_length=8, default="en")
    slot_minutes = models.PositiveSmallIntegerField(default=15, help_text="Grid on which visits start.")
    lead_minutes = models.PositiveIntegerField(
        default=0, help_text="How long before its start a visit can still be booked."
    )
    grace_seconds = models.PositiveSmallIntegerField(
        default=60,
        validators=[MaxValueValidator(180)],
        help_text="How long notices wait, so that a slip can be undone before mail leaves. 0–180.",
    )
    names_in_feeds = models.BooleanField(
        "patients' names in calendar feeds",
        default=False,
        help_text="Whoever holds the address of a feed reads it without signing in. Without names it says “Patient”.",
    )
    quiet_from = models.TimeField(
        null=True,
        blank=True,
        help_text="From this time of day no reminders or advice are mailed. Notices know no rest.",
    )
    quiet_until = models.TimeField(null=True, blank=True, help_text="Until this time of day, also over midnight.")
    patient_cancel_hours = models.PositiveSmallIntegerField(
        default=24,
        validators=[MaxValueValidator(336)],
        help_text="Until so many hours before a visit patients cancel or move it themselves; later they call. 0–336.",
    )
    brand_colour = models.CharField(
        max_length=7,
        default="#0f5f59",
        validators=[RegexValidator(r"\A#[0-9a-fA-F]{6}\Z", "A colour such as #0f5f59.")],
        help_text="Buttons and links in mail and on patient pages.",
    )
    logo = models.ImageField(upload_to="logos/", blank=True, help_text="Stands above every mail and patient page.")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta(Record.Meta):
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(grace_seconds__lte=180),
                name="location_grace_at_most_180_s",
                violation_error_message="Notices wait at most 180 seconds.",
            ),
            models.CheckConstraint(
                condition=Q(slot_minutes__gte=5, slot_minutes__lte=120),
                name="location_slot_5_to_120_min",
                violation_error_message="Visits start on a grid of 5 to 120 minutes.",
            ),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | (Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until"))),
                name="location_quiet_hours_whole",
                violation_error_message="Quiet hours have a beginning and an end, which differ.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)

    @property
    def name_in_mail(self) -> str:
        """What mail and calendar entries call it: they travel through other people's hands."""
        return self.mail_name or self.name

    @property
    def address(self) -> str:
        """One line, as its country writes it and a map search takes it."""
        town = (self.city, self.postal_code) if self.country in CODE_LAST else (self.postal_code, self.city)
        return ", ".join(part for part in (self.street, " ".join(filter(None, town))) if part)


@pghistory.track(append_only=True)
class Room(Record):
    """A room that one visit at a time can use. Consultations and follow-ups fit any room."""

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="rooms")
    name = models.CharField(max_length=60)
    modalities = ArrayField(
        models.CharField(max_length=20, choices=Modality.choices),
        default=list,
        blank=True,
        help_text="The modalities that can be performed here.",
    )
    is_bookable = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta(Record.Meta):
        ordering = ["location", "position", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["location", "name"],
                name="room_name_unique",
                violation_error_message="This location has a room of this name.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Weekday(models.IntegerChoices):
    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7


@pghistory.track(append_only=True)
class OpeningHours(Record):
    """A weekly period of wall-clock time. Without a practitioner it opens the location.

    A practitioner with own periods at a location works those, where the location is open, from the first day on which
    one of them holds; one without any works whenever it is open.
    """

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="opening_hours")
    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.CASCADE, null=True, blank=True, related_name="opening_hours"
    )
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices, help_text="ISO: Monday is 1, Sunday is 7.")
    opens_at = models.TimeField()
    closes_at = models.TimeField()
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True, help_text="Last day, included. Empty: without end.")

    class Meta(Record.Meta):
        verbose_name_plural = "opening hours"
        ordering = ["location", "weekday", "opens_at"]
        constraints = [
            models.CheckConstraint(
                condition=in_order("opens_at", "closes_at"),
                name="opening_hours_in_order",
                violation_error_message="Closing time must be after opening time on the same day.",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
                name="opening_hours_dates_in_order",
                violation_error_message="The last day cannot be before the first.",
            ),
            models.CheckConstraint(
                condition=Q(weekday__gte=1, weekday__lte=7),
                name="opening_hours_iso_weekday",
                violation_error_message="Weekdays run from 1 (Monday) to 7 (Sunday).",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens_at:%H:%M}–{self.closes_at:%H:%M}"


@pghistory.track(append_only=True)
class Break(Record):
    """A weekly pause of wall-clock time in which nobody is seen; with a practitioner, in which they see nobody."""

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="breaks")
    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.CASCADE, null=True, blank=True, related_name="breaks"
    )
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices, help_text="ISO: Monday is 1, Sunday is 7.")
    starts_at = models.TimeField()
    ends_at = models.TimeField()
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True, help_text="Last day, included. Empty: without end.")

    class Meta(Record.Meta):
        ordering = ["location", "weekday", "starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=in_order("starts_at", "ends_at"),
                name="break_in_order",
                violation_error_message="A break ends after it starts, on the same day.",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
                name="break_dates_in_order",
                violation_error_message="The last day cannot be before the first.",
            ),
            models.CheckConstraint(
                condition=Q(weekday__gte=1, weekday__lte=7),
                name="break_iso_weekday",
                violation_error_message="Weekdays run from 1 (Monday) to 7 (Sunday).",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts_at:%H:%M}–{self.ends_at:%H:%M}"


@pghistory.track(append_only=True)
class ExtraHours(Record):
    """Wall-clock time on one date that is open besides the weekly hours, on a closed day as well.

    Without a practitioner it opens the location, for everybody who works whenever it is open; with one it opens for
    them alone. The location's breaks do not cut the location's, nor a practitioner's their own; closures and time off
    cut both.
    """

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="extra_hours")
    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.CASCADE, null=True, blank=True, related_name="extra_hours"
    )
    on = models.DateField("date")
    opens_at = models.TimeField()
    closes_at = models.TimeField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta(Record.Meta):
        verbose_name_plural = "extra hours"
        ordering = ["on", "opens_at"]
        constraints = [
            models.CheckConstraint(
                condition=in_order("opens_at", "closes_at"),
                name="extra_hours_in_order",
                violation_error_message="Closing time must be after opening time on the same day.",
            ),
        ]

    def __str__(self) -> str:
        return f"{date_in_full(self.on)} {self.opens_at:%H:%M}–{self.closes_at:%H:%M}"


@pghistory.track(append_only=True)
class Closure(Record):
    """A time at which a location is closed although its hours say open."""

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="closures")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200)

    class Meta(Record.Meta):
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=in_order("starts_at", "ends_at"),
                name="closure_in_order",
                violation_error_message="A closure ends after it starts.",
            ),
        ]

    def __str__(self) -> str:
        return self.reason


@pghistory.track(append_only=True)
class TimeOff(Record):
    """A time at which a practitioner does not work, at any location."""

    practitioner = models.ForeignKey(Practitioner, on_delete=models.CASCADE, related_name="time_off")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta(Record.Meta):
        verbose_name_plural = "time off"
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=in_order("starts_at", "ends_at"),
                name="time_off_in_order",
                violation_error_message="Time off ends after it starts.",
            ),
        ]

    def __str__(self) -> str:
        return self.reason or "Time off"
