"""Merges two records of one person: whatever refers to the one moves to the other.

Rooms of upper packages register a `MergePart` for what needs more than moving. Locks in the one order: what the parts
lock (plan → follow-up → waitlist entry → advisory keys of both patients → appointment), then both patients, so strictly
that nobody can add a row to either meanwhile.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from pghistory.models import Event

from clinic import clock, constraints
from clinic.access.visibility import may
from clinic.audit.history import recorded
from clinic.errors import Conflict, Invalid, SoftWarning
from clinic.locking import lock, lock_all
from clinic.people.models import User
from clinic.records import Record
from patients.models import Consent, Guardian, Patient
from patients.rules import folded
from patients.services.standing import MailState, check_standing, end_links, mail_changed

COMPARED = (
    *(
        "first_name",
        "last_name",
        "date_of_birth",
        "sex",
        "home_location",
        "phone",
        "email",
        "confidential_email",
        "email_opt_out",
    ),
    *("unwanted_mail", "language", "preferred_weekdays", "preferred_from", "preferred_until"),
)
"""What of two records is held side by side."""
EMAIL = ("email",)
CONFIDENTIAL = ("confidential_email",)
PHONE = ("phone", "phone_digits")
PREFERRED = ("preferred_weekdays", "preferred_from", "preferred_until")


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why two records cannot be merged as they are, and what to do about it."""

    code: str
    detail: str


def _lock_nothing(patients: Sequence[UUID]) -> None:
    """Where moving is all there is to do, the patients' own locks are enough."""


def _no_obstacles(gone: Patient, kept: Patient) -> list[Obstacle]:
    return []


def _settle_nothing(gone: Patient, kept: Patient) -> None:
    """Where no two rows can collide."""


def _nothing_follows(kept: Patient) -> None:
    """Where nothing is worked out from a patient's rows."""


@dataclass(frozen=True, slots=True)
class MergePart:
    """What a room adds to a merge; `gone` is the record that goes into `kept`. All under the locks but `obstacles`."""

    lock: Callable[[Sequence[UUID]], None] = _lock_nothing
    """Locks the room's rows of these patients, in the one order."""
    obstacles: Callable[[Patient, Patient], list[Obstacle]] = _no_obstacles
    """What stands in the way; asked for the preview too."""
    settle: Callable[[Patient, Patient], None] = _settle_nothing
    """Makes way for rows that would collide, before they move."""
    follow: Callable[[Patient], None] = _nothing_follows
    """Works out anew what follows from rows that came to `kept`."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What people call the rows of a model, by its label, where they do not call it by its own name."""


_parts: list[MergePart] = []


def merges_with(part: MergePart) -> None:
    """Register a room's part; parts lock in the order of their registration."""
    _parts.append(part)


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What merging `patient` into `into` would do; nothing is written or locked."""

    patient: Patient
    into: Patient
    differs: list[str]
    """Of `COMPARED`, and the guardian: what the two records say differently."""
    taken: Mapping[str, Any]
    """What the survivor has from then on, by column, where that changes."""
    filled: list[str]
    """Of these, what the survivor takes over: it has nothing there, or the other asked for less mail."""
    moves: list[tuple[str, int]]
    """What moves, and how many, of what the reader may see."""
    obstacles: list[Obstacle]
    warnings: list[SoftWarning]


def patient_merge(*, patient_id: UUID, into: Patient, by: User | None, reason: str = "") -> Patient:
    """Merge the patient's record into `into`; returns the survivor, with whatever referred to either.

    Contact, guardian and preferences that the survivor lacks come from the other, nothing is overwritten; what either
    asked not to be mailed is not mailed. The merged record keeps its number only. Raises `Invalid` (into itself),
    `PermissionDenied`, `Conflict`: `merged` where either went into another one before, `cannot_merge` with `obstacles`
    where something of the two collides.
    """
    _check_two(patient_id, into)
    both = [patient_id, into.pk]
    try:
        with recorded(reason):
            for part in _parts:
                part.lock(both)
            # Stronger than `lock`: whoever adds a row that refers to either waits, or has committed before.
            rows = Patient.objects.select_for_update(of=("self",)).filter(pk__in=both).order_by("pk").in_bulk()
            gone, kept = lock(Patient.objects.all(), patient_id), rows[into.pk]
            _check_allowed(gone, kept, by)
            obstacles = _obstacles(gone, kept)
            if obstacles:
                raise Conflict(
                    " ".join(obstacle.detail for obstacle in obstacles),
                    code="cannot_merge",
                    attr="into",
                    extra={"obstacles": [{"code": one.code, "detail": one.detail} for one in obstacles]},
                )
            _settle_guardians(gone, kept)
            _settle_consents(gone, kept)
            for part in _parts:
                part.settle(gone, kept)
            of_both = MailState.of(gone), MailState.of(kept)
            taken = _taken_over(gone, kept)
            for name, value in taken.items():
                setattr(kept, name, value)
            # Links of both go on where neither's were revoked; a revoked one must not come back to life.
            kept.link_generation = max(kept.link_generation, gone.link_generation)
            if "confidential_email" in taken and kept.email:
                end_links(kept)
            kept.save()
            for model, column in references():
                stamp = {"updated_at": clock.now()} if issubclass(model, Record) else {}
                model._base_manager.filter(**{column: gone.pk}).update(**{column: kept.pk}, **stamp)
            gone.merged_into, gone.merged_at = kept, clock.now()
            gone.save(update_fields=["merged_into", "merged_at", "updated_at"])
            mail_changed(kept, *of_both)
            for part in _parts:
                part.follow(kept)
    except IntegrityError as error:
        refusal = constraints.refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error
    return kept


def patient_merge_preview(*, patient: Patient, into: Patient, by: User) -> MergePreview:
    """What `patient_merge` would do, for somebody who may. Raises as it does, but for what `obstacles` say."""
    _check_two(patient.pk, into)
    _check_allowed(patient, into, by)
    pair = Patient.objects.select_related("home_location", "guardian").in_bulk([patient.pk, into.pk])
    gone, kept = pair[patient.pk], pair[into.pk]
    differs = [name for name in COMPARED if getattr(gone, name) != getattr(kept, name)]
    taken = _taken_over(gone, kept)
    filled = [name for name in taken if name in differs]
    guardians = [_guardian(gone), _guardian(kept)]
    if guardians[0] != guardians[1]:
        differs.append("guardian")
        if guardians[1] is None:
            filled.append("guardian")
    return MergePreview(
        gone, kept, differs, taken, filled, _moves(gone, by), _obstacles(gone, kept), _doubts(gone, kept, differs)
    )


def references() -> Iterator[tuple[type[models.Model], str]]:
    """Every table that refers to patients, with its column; the history's tables keep what they say."""
    for relation in Patient._meta.related_objects:
        model = relation.related_model
        if not isinstance(model, str) and not issubclass(model, Event):
            yield model, relation.field.name


def _check_two(patient_id: UUID, into: Patient) -> None:
    if patient_id == into.pk:
        raise Invalid("A record cannot be merged into itself; choose the other one of the two.", attr="into")


def _check_allowed(gone: Patient, kept: Patient, by: User | None) -> None:
    for patient in (gone, kept):
        if by is not None and not may(by, "merge", patient):
            raise PermissionDenied
        check_standing(patient)


def _obstacles(gone: Patient, kept: Patient) -> list[Obstacle]:
    return [obstacle for part in _parts for obstacle in part.obstacles(gone, kept)]


def _taken_over(gone: Patient, kept: Patient) -> dict[str, Any]:
    """What the survivor takes from the other, by column: an address with what is known of it, and so on. Of their
    wishes about mail the stricter one holds: whoever asked for none gets none."""
    names: list[str] = []
    for columns in (EMAIL, PHONE, CONFIDENTIAL):
        if getattr(gone, columns[0]) and not getattr(kept, columns[0]):
            names += columns
    if "confidential_email" in names or ("email" in names and not kept.confidential_email):
        names.append("email_bounced_at")  # what is known of the address that mail goes to from now on
    if not any(getattr(kept, name) for name in PREFERRED):
        names += [name for name in PREFERRED if getattr(gone, name)]
    found = {name: getattr(gone, name) for name in names}
    unwanted = [kind for kind in Patient.OptionalMail.values if kind in (*gone.unwanted_mail, *kept.unwanted_mail)]
    if set(unwanted) != set(kept.unwanted_mail):
        found["unwanted_mail"] = unwanted
    if gone.email_opt_out and not kept.email_opt_out:
        found["email_opt_out"] = True
    return found


def _guardian(patient: Patient) -> tuple[str, ...] | None:
    guardian: Guardian | None = getattr(patient, "guardian", None)
    if guardian is None:
        return None
    return (guardian.name, guardian.relationship, guardian.phone, guardian.email)


def _settle_guardians(gone: Patient, kept: Patient) -> None:
    """One speaks for a patient: the survivor's, where there is one."""
    if Guardian.objects.filter(patient=kept).exists():
        Guardian.objects.filter(patient=gone).delete()


def _settle_consents(gone: Patient, kept: Patient) -> None:
    """Of what both signed for one purpose, the newest version and signature stands; the others are superseded."""
    of_both = Consent.objects.filter(patient__in=[gone, kept], status__in=Consent.MAY_SUPERSEDE)
    given = sorted(lock_all(of_both.select_related("document")), key=lambda one: (_concern(one), _newness(one)))
    for _, consents in groupby(given, key=_concern):
        for older in list(consents)[:-1]:
            older.status, older.superseded_at = Consent.Status.SUPERSEDED, clock.now()
            older.save()


def _concern(consent: Consent) -> tuple[str, str]:
    return consent.document.purpose, consent.document.modality


def _newness(consent: Consent) -> tuple[date, date, UUID]:
    return consent.document.in_force_from, consent.signed_on, consent.pk


def _moves(gone: Patient, by: User) -> list[tuple[str, int]]:
    """What refers to the record, in words, and how many: one query."""
    names = {"patients.patient": "records merged before"}
    for part in _parts:
        names |= part.names
    counted = [
        (names.get(model._meta.label_lower, str(model._meta.verbose_name_plural)), model, column)
        for model, column in references()
        if model is not Guardian and by.may(model._meta.label_lower, "view")
    ]
    counts = (
        Coalesce(
            Subquery(
                model._base_manager.filter(**{column: OuterRef("pk")})
                .order_by()
                .values(column)
                .annotate(count=Count("pk"))
                .values("count")
            ),
            0,
        )
        for _, model, column in counted
    )
    found = Patient.objects.filter(pk=gone.pk).values_list(*counts).get()
    return [(name, count) for (name, _, _), count in zip(counted, found, strict=True) if count]


def _doubts(gone: Patient, kept: Patient, differs: Sequence[str]) -> list[SoftWarning]:
    if folded(gone.full_name) == folded(kept.full_name) or "date_of_birth" not in differs:
        return []
    same_phone = bool(gone.phone_digits) and gone.phone_digits == kept.phone_digits
    same_email = bool(gone.email) and gone.email.lower() == kept.email.lower()
    if not same_phone and not same_email:
        what = "Nothing agrees: neither name nor date of birth, phone or email"
    elif "sex" in differs:
        what = "Name, date of birth and sex all differ"
    else:
        return []
    detail = (
        f"{what}. {gone.full_name} and {kept.full_name} may be two people. "
        "Records that were merged cannot be taken apart."
    )
    return [SoftWarning("into", "looks_like_somebody_else", detail)]
