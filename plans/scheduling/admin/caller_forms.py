"""What a new caller is asked, and who they may be: the patients on their number, and those of their name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet

from clinic.access.visibility import visible
from clinic.console.forms import DateInput, InWords, dress
from clinic.console.reader import reader
from clinic.errors import Invalid
from clinic.people.models import Practitioner, User
from clinic.places.models import Location
from clinic.places.wallclock import local_date
from clinic.words import age, within
from patients.models import Patient
from patients.queries import likely_duplicates, on_number, search, with_phone_from_behind
from patients.rules import LOCAL_NUMBER_DIGITS, OF_AGE, local_digits, phone_digits, sought
from patients.services import GuardianInput
from plans.scheduling.admin.booking import SEARCHED_DAYS, TIMES_A_DAY, visible_locations
from plans.scheduling.admin.panels import next_visit, with_next_visit
from plans.scheduling.admin.times import read_key, time_key
from plans.scheduling.availability import Frame, Slot, frame_of
from plans.scheduling.ranking import of_half_days, spread
from plans.scheduling.search import slots_for
from plans.scheduling.services import Caller

SHOWN_TIMES = 5
SHOWN_DAYS = 3
MATCHES_AT_MOST = 8
LIKELY, ON_NUMBER, ON_EMAIL = "Likely the same person", "On this number", "On this email"
PRONOUNS = {Patient.Sex.FEMALE: "her", Patient.Sex.MALE: "him"}
NO_TIME = "Choose one of the free times, or “Will call back”."


class CallerForm(InWords, forms.Form):
    """A person who is not registered yet, and what they call about."""

    refusal_names: Mapping[str, str] = {
        "home_location": "location",
        "guardian": "guardian_name",
        "starts_at": "slot",
        "practitioner": "slot",
        "note": "reason",
    }

    phone = forms.CharField(max_length=32, required=False, help_text="In any spelling.")
    first_name = forms.CharField(max_length=100, error_messages={"required": "Ask for the first name."})
    last_name = forms.CharField(max_length=100, error_messages={"required": "Ask for the last name."})
    date_of_birth = forms.DateField(
        label="Date of birth",
        widget=DateInput,
        error_messages={
            "required": "Ask for the date of birth.",
            "invalid": "This is no date. Give day, month and year.",
        },
    )
    sex = forms.ChoiceField(choices=Patient.Sex.choices, initial=Patient.Sex.UNKNOWN)
    reason = forms.CharField(
        label="What it is about",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The note of the visit, for the team; patients do not read it.",
    )
    email = forms.EmailField(max_length=254, required=False, help_text="Empty: no mail goes out.")
    language = forms.ChoiceField(choices=settings.LANGUAGES, help_text="Of the clinic's mail.")
    guardian_name = forms.CharField(label="Guardian", max_length=200, required=False, help_text="Who speaks for them.")
    guardian_relationship = forms.CharField(label="Relationship", max_length=60, required=False)
    guardian_phone = forms.CharField(label="Guardian's phone", max_length=32, required=False)
    guardian_later = forms.BooleanField(
        label="Not known yet: we ask when they come",
        required=False,
        help_text="The record says that a guardian is missing until one is entered.",
    )
    location = forms.TypedChoiceField(label="Where")
    slot = forms.CharField(required=False)

    GUARDIAN = ("guardian_name", "guardian_relationship", "guardian_phone")

    def __init__(
        self, *args: Any, places: list[Location], needs_slot: bool = False, is_new: bool = True, **kwargs: Any
    ) -> None:
        """With `needs_slot` a time has to be chosen; without `is_new` the person is known, and nobody asks for a
        guardian."""
        super().__init__(*args, **kwargs)
        self.is_new = is_new
        self.places = {str(place.pk): place for place in places}
        self.needs_slot = needs_slot
        asked = str(self.data.get("location") or self.initial.get("location") or "") if self.is_bound else ""
        self.place = self.places.get(asked) or self.places.get(str(self.initial.get("location"))) or places[0]
        where = cast(forms.TypedChoiceField, self.fields["location"])
        where.choices = [(key, str(place)) for key, place in self.places.items()]
        where.coerce = self.places.__getitem__
        where.initial = str(self.place.pk)
        self.fields["language"].initial = self.place.language
        if len(places) == 1:
            where.widget = forms.HiddenInput()
        dress(self)
        for name in ("phone", "first_name", "last_name", "email"):
            self.fields[name].widget.attrs |= {"autocomplete": "off"}
        for name in ("phone", "guardian_phone"):
            self.fields[name].widget.input_type = "tel"  # type: ignore[attr-defined]
        today = reader().today_at(self.place.zone)
        self.fields["date_of_birth"].widget.attrs |= {
            "max": today.isoformat(),
            "data-of-age": _years_before(today, OF_AGE).isoformat(),
        }

    @property
    def guardian_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.GUARDIAN]

    @property
    def soft_phone(self) -> str:
        """What is unusual about the phone; it refuses nothing."""
        return doubt_of_phone(str(self["phone"].value() or ""), self.place)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self.trim(cleaned)
        if self.is_new:
            self._ask_for_guardian(cleaned)
        if self.needs_slot:
            if not cleaned.get("slot"):
                self.add_error("slot", forms.ValidationError(NO_TIME, "required"))
            else:
                cleaned["choice"] = self.chosen(cleaned["slot"])
        return cleaned

    def _ask_for_guardian(self, cleaned: Mapping[str, Any]) -> None:
        born = cleaned.get("date_of_birth")
        if born is None or any(cleaned.get(name) for name in self.GUARDIAN) or cleaned.get("guardian_later"):
            return
        years = age(born, reader().today_at(self.place.zone))
        if 0 <= years < OF_AGE:
            says = f"They are {years}: name who speaks for them, or tick that we ask when they come."
            self.add_error("guardian_name", forms.ValidationError(says, "required"))

    def chosen(self, text: str) -> tuple[UUID, datetime] | None:
        """With whom and when; None, with an error at the field, for what was never offered."""
        try:
            return read_key(text)
        except Invalid as invalid:
            self.add_error("slot", forms.ValidationError(invalid.detail, "invalid"))
            return None

    def caller(self) -> Caller:
        given = {name.removeprefix("guardian_"): self.cleaned_data[name] for name in self.GUARDIAN}
        names = ("first_name", "last_name", "date_of_birth", "sex", "phone", "email", "language")
        return Caller(
            **{name: self.cleaned_data[name] for name in names},
            guardian=GuardianInput(**given) if any(given.values()) else None,
        )


def typed(text: str) -> dict[str, Any]:
    """What the form begins with where `text` was searched for and nobody was found: names, a phone, a birthday, an
    email."""
    wanted = sought(text)
    first, last = wanted.words[:-1], wanted.words[-1:]
    if text.split()[0].endswith(",") and first:  # surname first
        first, last = wanted.words[1:], wanted.words[:1]
    found: dict[str, Any] = {"first_name": " ".join(first), "last_name": " ".join(last), "email": wanted.email}
    if wanted.phone:
        kept = (character for character in text if not character.isalpha())
        found["phone"] = "".join(kept).strip(" ,;:") if not wanted.words else wanted.phone
    if len(wanted.born) == 1:
        found["date_of_birth"] = wanted.born[0].isoformat()
    return {name: value for name, value in found.items() if value}


def places_of(user: User) -> list[Location]:
    """Where `user` may both register and book somebody."""
    return [place for place in visible_locations(user, "add") if user.may("patients.patient", "add", place.pk)]


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def doubt_of_phone(phone: str, place: Location) -> str:
    """Why `phone` may be none; empty where it is one, or is still being typed."""
    is_whole = sum(character.isdigit() for character in phone) >= LOCAL_NUMBER_DIGITS
    if not is_whole and not any(character.isalpha() for character in phone):
        return ""
    return "" if phone_digits(phone, place.country) else f"“{phone.strip()}” does not look like a phone number."


# Who it may be


@dataclass(frozen=True, slots=True)
class Match:
    """A registered patient who may be the caller, or of their family."""

    patient: Patient
    why: str
    is_likely: bool
    """Likely the same person, rather than one of the family."""
    pronoun: str
    age: int
    next_visit: str
    may_book: bool
    is_family: bool
    """On the caller's number."""


def matches(user: User, place: Location, asked: Mapping[str, str]) -> list[Match]:
    """Who is on the number, and who has the name or the name and birthday: at most three queries, eight people."""
    phone, first_name, last_name, email = (
        asked.get(name, "").replace("\x00", "").strip() for name in ("phone", "first_name", "last_name", "email")
    )
    rows = with_next_visit(visible(Patient.objects.filter(merged_into=None), user))
    digits, ending = phone_digits(phone, place.country), local_digits(phone)
    name = f"{first_name} {last_name}".strip()
    found: dict[UUID, Match] = {}

    def add(patients: Iterable[Patient], why: str, *, is_likely: bool = False) -> None:
        for patient in patients:
            if patient.pk not in found and len(found) < MATCHES_AT_MOST:
                is_family = bool(digits) and patient.phone_digits == digits
                is_family |= bool(ending) and patient.phone_digits.endswith(ending)
                said = ON_NUMBER if is_family and not is_likely else why
                found[patient.pk] = _match(user, patient, said, is_likely=is_likely, is_family=is_family)

    born = _day(asked.get("date_of_birth", ""))
    if born is not None:
        same = likely_duplicates(
            first_name=first_name,
            last_name=last_name,
            date_of_birth=born,
            phone=phone,
            email=email,
            country=place.country,
        )
        add(rows.filter(pk__in=same.values("pk"))[:MATCHES_AT_MOST], LIKELY, is_likely=True)
    reached = on_number(phone, place.country)
    if "@" in email:
        reached |= Q(email__iexact=email)
    if reached:
        on_it = with_phone_from_behind(rows).filter(reached)
        add(on_it.order_by("last_name", "first_name", "id")[:MATCHES_AT_MOST], ON_EMAIL)
    if not digits and sum(character.isalnum() for character in phone) >= 3:
        add(_searched(rows, phone), "Found")
    if len(name) >= 2:
        add(_searched(rows, name), "Similar name")
    return list(found.values())


def _searched(rows: QuerySet[Patient], text: str) -> QuerySet[Patient]:
    return search(rows, text)[:MATCHES_AT_MOST]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def same_people(user: User, patients: Iterable[UUID]) -> list[Match]:
    """These patients, as likely the same person: one query."""
    rows = with_next_visit(visible(Patient.objects.filter(pk__in=list(patients)), user))
    return [
        _match(user, patient, LIKELY, is_likely=True, is_family=False)
        for patient in rows.order_by("last_name", "first_name", "id")
    ]


def _match(user: User, patient: Patient, why: str, *, is_likely: bool, is_family: bool) -> Match:
    return Match(
        patient,
        why,
        is_likely,
        PRONOUNS.get(Patient.Sex(patient.sex), "them"),
        age(patient.date_of_birth, reader().today),
        within(next_visit(patient)) if getattr(patient, "next_visit", None) else "",
        user.may("plans.appointment", "add", patient.home_location_id),
        is_family,
    )


# When they can come


@dataclass(frozen=True, slots=True)
class Group:
    """Times of one day; where `who` is given, of that practitioner alone."""

    day: date
    who: Practitioner | None
    slots: list[tuple[str, str, str]]
    """Its value in the form, the time, and with whom."""


@dataclass(frozen=True, slots=True)
class Times:
    """The free times of a consultation."""

    place: Location
    frame: Frame
    practitioners: Mapping[UUID, Practitioner]
    chosen: UUID | None
    groups: list[Group]
    days_from: date | None
    """From which day on these are whole days; None where they are the next few times."""
    more_from: date | None
    """From which day on there may be more; None where there is nothing at all."""

    @property
    def is_more(self) -> bool:
        return self.days_from is not None


def times_for(place: Location, practitioner: str = "", first: str = "", kept: str = "") -> Times:
    """The first times of the next five half days; with a `first` day those of three days from it on: three queries.

    Of the days that are shown, the time `kept` (its value in the form) is among them while it is free.
    """
    frame = frame_of(place.pk)
    people = Practitioner.objects.select_related("user").in_bulk(list(frame.practitioners))
    practitioners = {key: people[key] for key in frame.practitioners if key in people}
    chosen = next((key for key in practitioners if str(key) == practitioner), None)
    today = reader().today_at(frame.zone)
    asked = _day(first)
    is_more = asked is not None and abs((asked - today).days) < 365 * 2
    start = max(asked, today) if asked is not None and is_more else today
    slots = slots_for(
        frame,
        None,
        first=start,
        last=start + timedelta(days=SEARCHED_DAYS - 1),
        practitioners=[chosen] if chosen else list(practitioners),
    )
    shown = _days(slots, frame, practitioners, kept) if is_more else _next(slots, frame, practitioners)
    groups = [group for group in shown if group.slots]
    more: date | None = None
    if groups:
        more = groups[-1].day + timedelta(days=1) if is_more else groups[0].day
    elif is_more:
        more = start + timedelta(days=SEARCHED_DAYS)
    return Times(place, frame, practitioners, chosen, groups, start if is_more else None, more)


def _next(slots: list[Slot], frame: Frame, practitioners: Mapping[UUID, Practitioner]) -> list[Group]:
    """The first time of each of the next few mornings and afternoons, with whoever comes first."""
    found = of_half_days(slots, frame.zone)[:SHOWN_TIMES]
    by_day = groupby(found, lambda slot: local_date(slot.starts_at, frame.zone))
    return [Group(day, None, [_choice(slot, frame, practitioners) for slot in of_day]) for day, of_day in by_day]


def _days(slots: list[Slot], frame: Frame, practitioners: Mapping[UUID, Practitioner], kept: str) -> list[Group]:
    days: dict[date, dict[UUID, list[Slot]]] = {}
    for slot in slots:
        days.setdefault(local_date(slot.starts_at, frame.zone), {}).setdefault(slot.practitioner_id, []).append(slot)
    return [
        Group(day, practitioners[key], [_choice(slot, frame, practitioners) for slot in _some(of_day[key], kept)])
        for day, of_day in sorted(days.items())[:SHOWN_DAYS]
        for key in practitioners
        if key in of_day
    ]


def _some(slots: list[Slot], kept: str) -> list[Slot]:
    return spread(slots, TIMES_A_DAY, [slot for slot in slots if time_key(slot) == kept])


def _choice(slot: Slot, frame: Frame, practitioners: Mapping[UUID, Practitioner]) -> tuple[str, str, str]:
    return time_key(slot), f"{slot.starts_at.astimezone(frame.zone):%H:%M}", str(practitioners[slot.practitioner_id])
