"""Choosing a time: the free slots of the next days, or a time of one's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import HttpRequest

from clinic.access.visibility import visible
from clinic.console.forms import ActForm, LocalDateTimeField, instant, wall_clock
from clinic.console.reader import reader
from clinic.errors import Invalid
from clinic.people.models import Practitioner, User
from clinic.places.models import Location, Room
from clinic.places.wallclock import local_date
from clinic.words import clock_time, within
from plans.scheduling.admin.times import GONE, Chosen, TimeChoice, read_key, time_key
from plans.scheduling.availability import Frame, Slot, frame_of
from plans.scheduling.models import Appointment
from plans.scheduling.queries.wishes import wishes_of
from plans.scheduling.ranking import spread
from plans.scheduling.search import slots_for
from plans.scheduling.subjects import Subject
from plans.scheduling.wishes import Wishes

SEARCHED_DAYS = 28
SHOWN_DAYS = 6
ANYBODY = "any"
EARLY = "early"
TIMES_A_DAY = 11
"""Times a day and practitioner; more are left out, and can be asked for by hand."""
OTHER_TIMES = 4
"""So many of them are kept for those that do not suit the patient."""


@dataclass(frozen=True, slots=True)
class Times:
    """The free times of one practitioner on one day."""

    practitioner: Practitioner
    choices: list[TimeChoice]


@dataclass(frozen=True, slots=True)
class FreeDay:
    day: date
    is_target: bool
    is_late: bool
    """After the window has closed."""
    times: list[Times]


@dataclass(frozen=True, slots=True)
class BlockedDays:
    """Days that cannot be booked, in words, and why."""

    days: str
    because: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be chosen for one visit."""

    location: Location
    frame: Frame
    practitioners: Mapping[UUID, Practitioner]
    """The bookable ones of the location that are qualified for the visit on some day."""
    days: list[FreeDay]
    first: date
    more_url: str
    """The same page from a later day on."""
    wishes: list[tuple[str, str, bool]]
    """With whom: what it says, its address, and whether it is what is shown."""
    chosen: UUID | None
    """The one practitioner asked for."""
    blocked: list[BlockedDays]
    is_early: bool
    """Whether these are the blocked days, shown to somebody who may book them all the same."""
    early_url: str
    """Where those are offered; empty for who may not, and where none are blocked."""
    usual_url: str
    """The same page without them."""
    wished: str
    """What suits the patient, in words; empty where they did not say."""


def offer(request: HttpRequest, location: Location, subject: Subject) -> Offer:
    """The free slots for `subject` from the day asked for on, at most `SHOWN_DAYS` days of them: three queries."""
    frame = frame_of(location.pk)
    practitioners = _practitioners(frame, subject)
    chosen = _chosen(request, practitioners, subject)
    today = reader().today_at(frame.zone)
    may_book_early = cast(User, request.user).may("plans.appointment", "book_early", location.pk)
    is_early = may_book_early and request.GET.get(EARLY) == "1"
    first = max(_asked_day(request, today) or (today if is_early else _first_day(subject, today)), today)
    last = first + timedelta(days=SEARCHED_DAYS - 1)
    slots = slots_for(
        frame,
        subject,
        first=first,
        last=last,
        practitioners=[chosen] if chosen else list(practitioners),
        may_be_early=is_early,
    )
    if is_early:
        slots = [slot for slot in slots if subject.too_early(local_date(slot.starts_at, frame.zone))]
    days = _days(slots, frame, practitioners, subject)
    following = days[SHOWN_DAYS].day if len(days) > SHOWN_DAYS else last + timedelta(days=1)
    query = request.GET.dict()

    def address(**changes: str | None) -> str:
        wanted = {name: value for name, value in {**query, **changes}.items() if value is not None}
        return f"?{urlencode(wanted)}"

    wishes = [(str(one), address(practitioner=str(key)), key == chosen) for key, one in practitioners.items()]
    blocked = _blocked(subject, today, last)
    return Offer(
        location=location,
        frame=frame,
        practitioners=practitioners,
        days=days[:SHOWN_DAYS],
        first=first,
        more_url=address(**{"from": following.isoformat()}),
        wishes=[*wishes, ("Anybody", address(practitioner=ANYBODY), chosen is None)] if len(wishes) > 1 else [],
        chosen=chosen,
        blocked=blocked,
        is_early=is_early,
        early_url=address(**{EARLY: "1", "from": None}) if may_book_early and blocked else "",
        usual_url=address(**{EARLY: None, "from": None}),
        wished=wishes_of(subject.patient).in_words(today),
    )


def _blocked(subject: Subject, today: date, last: date) -> list[BlockedDays]:
    """The days from `today` to `last` that are too early, or too near to another session, and why."""
    limits = subject.limits
    if limits is None:
        return []
    show = reader().day
    found = []
    if limits.earliest > today:
        because = f"The first possible day is {show(limits.earliest)}. {limits.because}"
        found.append(BlockedDays(f"Until {show(limits.earliest - timedelta(days=1))}", because.strip()))
    for start, end, because in limits.barred:
        if start <= last and end >= today:
            found.append(BlockedDays(show(start) if start == end else f"{show(start)} to {show(end)}", because))
    if limits.latest is not None and limits.latest < last:
        found.append(BlockedDays(f"From {show(max(limits.latest + timedelta(days=1), today))}", limits.latest_because))
    return found


def _practitioners(frame: Frame, subject: Subject) -> dict[UUID, Practitioner]:
    able = [key for key, held in frame.practitioners.items() if subject.modalities <= held.keys()]
    found = Practitioner.objects.select_related("user").in_bulk(able)
    preferred = subject.preferred_practitioner_id
    return {key: found[key] for key in sorted(able, key=lambda key: key != preferred) if key in found}


def _chosen(request: HttpRequest, practitioners: Mapping[UUID, Practitioner], subject: Subject) -> UUID | None:
    """Whom the address asks for; without a wish whoever knows the patient; None for anybody."""
    asked = request.GET.get("practitioner", "")
    if asked == ANYBODY:
        return None
    preferred = subject.preferred_practitioner_id
    return next((key for key in practitioners if str(key) == asked), preferred if preferred in practitioners else None)


def _first_day(subject: Subject, today: date) -> date:
    earliest, _ = subject.days()
    if subject.target is not None and subject.target - timedelta(days=3) > today:
        return max(earliest or today, subject.target - timedelta(days=3))
    return earliest or today


def _asked_day(request: HttpRequest, today: date) -> date | None:
    try:
        asked = date.fromisoformat(request.GET.get("from", ""))
    except ValueError:
        return None
    return asked if abs((asked - today).days) < 365 * 5 else None


def _days(
    slots: Sequence[Slot], frame: Frame, practitioners: Mapping[UUID, Practitioner], subject: Subject
) -> list[FreeDay]:
    wishes = wishes_of(subject.patient)
    found: dict[date, dict[UUID, list[Slot]]] = {}
    for slot in slots:
        day = local_date(slot.starts_at, frame.zone)
        found.setdefault(day, {}).setdefault(slot.practitioner_id, []).append(slot)
    return [
        FreeDay(
            day,
            day == subject.target,
            subject.window is not None and day > subject.window[1],
            [
                _times(practitioner, of_day[key], frame, wishes)
                for key, practitioner in practitioners.items()
                if key in of_day
            ],
        )
        for day, of_day in sorted(found.items())
    ]


def _times(practitioner: Practitioner, slots: list[Slot], frame: Frame, wishes: Wishes) -> Times:
    """At most `TIMES_A_DAY` of them: what suits the patient first, and some of the others."""
    suiting = [slot for slot in slots if wishes and wishes.met_by(slot, frame.zone)]
    others = [slot for slot in slots if slot not in suiting]
    liked = spread(suiting, TIMES_A_DAY - min(len(others), OTHER_TIMES))
    shown = sorted([*liked, *spread(others, TIMES_A_DAY - len(liked))], key=lambda slot: slot.starts_at)
    return Times(
        practitioner,
        [TimeChoice(time_key(slot), clock_time(slot.starts_at, frame.zone), suits=slot in suiting) for slot in shown],
    )


class TimeForm(ActForm):
    """A slot of the offer, or a time of one's own. The service decides whether it can be had."""

    slot = forms.CharField(required=False)
    own_time = LocalDateTimeField(required=False, label="Another time")
    practitioner = forms.ModelChoiceField(queryset=Practitioner.objects.none(), required=False)
    room = forms.ModelChoiceField(
        queryset=Room.objects.none(), required=False, help_text="Empty: the first free one that is fit."
    )
    note = forms.CharField(max_length=500, required=False, help_text="For the team; patients do not read it.")
    override_reason = forms.CharField(
        max_length=300,
        required=False,
        label="Reason to book all the same",
        help_text="Needed before the earliest date, or over the practitioner's other visits. It stays on the visit.",
    )

    offered: Offer
    asked_at: datetime | None = None
    """The time that was clicked on the board: an instant, where the wall clock shows its time twice."""

    def set_place(self, at: datetime, practitioner: str, room: str) -> None:
        """Fill in a place on the board: its time, and the keys of practitioner and room where it had them."""
        self.asked_at = at
        self.fields["own_time"].initial = wall_clock(at, self.offered.frame.zone)
        if practitioner:
            self.fields["practitioner"].initial = practitioner
        if room:
            self.fields["room"].initial = room

    def set_offer(self, offered: Offer) -> None:
        """Fill the choices; who may book against a rule keeps the field for the reason."""
        self.offered = offered
        practitioners = cast(forms.ModelChoiceField, self.fields["practitioner"])
        practitioners.queryset = Practitioner.objects.select_related("user").filter(pk__in=list(offered.practitioners))
        rooms = cast(forms.ModelChoiceField, self.fields["room"])
        rooms.queryset = Room.objects.filter(location=offered.location, is_bookable=True)
        if offered.chosen or len(offered.practitioners) == 1:
            practitioners.initial = offered.chosen or next(iter(offered.practitioners))
        elif offered.practitioners:
            practitioners.initial = next(iter(offered.practitioners))
        if self.fields.get("note") is not None:
            self.fields["note"].initial = self.request.GET.get("note", "")[:500]
        user = cast(User, self.request.user)
        rights = ("overbook", "book_early")
        if not any(user.may("plans.appointment", right, offered.location.pk) for right in rights):
            self.fields.pop("override_reason", None)

    @property
    def is_own(self) -> bool:
        """Whether a time of one's own was given."""
        return bool(self.is_bound and self.data.get("own_time_day"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        zone = self.offered.frame.zone
        own = instant(self, "own_time", zone)
        if self.asked_at is not None and cleaned.get("own_time") == wall_clock(self.asked_at, zone):
            own = self.asked_at
        if own is not None:
            if cleaned.get("practitioner") is None and "practitioner" not in self.errors:
                self.add_error("practitioner", "Choose who sees the patient.")
            cleaned["choice"] = Chosen(own, cast(Practitioner, cleaned.get("practitioner")), cleaned.get("room"))
        elif cleaned.get("slot"):
            cleaned["choice"] = self._slot(cleaned["slot"])
            if self.offered.is_early and not cleaned.get("override_reason"):
                self.add_error("override_reason", "Say why this visit is to be earlier than the plan allows.")
        elif not self.errors:
            raise forms.ValidationError("Choose a time.")
        return cleaned

    def _slot(self, text: str) -> Chosen:
        try:
            practitioner_id, starts_at = read_key(text)
            return Chosen(starts_at, self.offered.practitioners[practitioner_id])
        except (KeyError, Invalid):
            raise forms.ValidationError(GONE) from None


def visible_locations(user: User, action: str) -> list[Location]:
    """Where `user` may do `action` on appointments."""
    places = visible(Location.objects.all(), user)
    return [place for place in places if user.may("plans.appointment", action, place.pk)]


def visit_in_words(appointment: Appointment) -> str:
    """“Tue 24 Nov 09:30 with Dr Rowan, Room 2”."""
    when = within(reader().moment(appointment.starts_at, appointment.location.zone))
    room = f", {appointment.room}" if appointment.room_id else ""
    return f"{when} with {appointment.practitioner}{room}"
