"""Writes users, their roles, and practitioners with what they are qualified for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from clinic.access.roles import Role
from clinic.audit.history import recorded
from clinic.constraints import clean_model
from clinic.errors import Invalid
from clinic.locking import lock
from clinic.people.models import Membership, Practitioner, Qualification, User
from clinic.places.models import Location
from clinic.text import says_nothing, trimmed


@dataclass(frozen=True, slots=True)
class QualificationInput:
    """A modality, and the days between which the qualification holds; without them it always does."""

    modality: str
    valid_from: date | None = None
    valid_until: date | None = None


def user_create(*, email: str, first_name: str, last_name: str, password: str | None = None) -> User:
    """Somebody who may sign in, as yet without a role; without a password they cannot until one is set."""
    user = User(email=email.lower(), first_name=first_name, last_name=last_name)
    user.set_password(password)
    with recorded():
        clean_model(user)
        user.save()
    return user


def membership_grant(*, user: User, location: Location, role: Role) -> Membership:
    """Give `user` this role at `location`; nothing changes where they have it."""
    with recorded():
        membership, _ = Membership.objects.get_or_create(user=user, location=location, role=role)
    return membership


def membership_end(*, membership_id: UUID) -> None:
    """Take a role away."""
    with recorded():
        lock(Membership.objects.all(), membership_id).delete()


def practitioner_create(
    *,
    email: str,
    locations: Iterable[Location],
    first_name: str = "",
    last_name: str = "",
    title: str = "",
    is_bookable: bool = True,
    qualifications: Sequence[QualificationInput] = (),
) -> Practitioner:
    """Make the person with this email a practitioner at `locations`; somebody new gets a user without a password.

    Raises `Invalid`: nobody has this email and there is no name, they are a practitioner already, no location, a
    modality twice.
    """
    places = list(locations)
    if not places:
        raise Invalid("A practitioner works at one location at least.", code="required", attr="locations")
    with recorded():
        user = User.objects.filter(email=trimmed(email).lower()).first()
        if user is None:
            _check_named(first_name, last_name)
            user = user_create(email=email, first_name=first_name, last_name=last_name)
        elif Practitioner.objects.filter(user=user).exists():
            raise Invalid("The person with this email is a practitioner already.", code="unique", attr="email")
        practitioner = Practitioner(user=user, title=title, is_bookable=is_bookable)
        clean_model(practitioner)
        practitioner.save()
        for place in places:
            membership_grant(user=user, location=place, role=Role.PRACTITIONER)
        _set_qualifications(practitioner, qualifications)
    return practitioner


def practitioner_update(*, practitioner_id: UUID, changes: Mapping[str, Any]) -> Practitioner:
    """Change `title`, `is_bookable`, `first_name`, `last_name`, or `qualifications`, which replace what was there."""
    with recorded():
        practitioner = lock(Practitioner.objects.select_related("user"), practitioner_id)
        user = practitioner.user
        for name in ("title", "is_bookable"):
            if name in changes:
                setattr(practitioner, name, changes[name])
        if changes.keys() & {"first_name", "last_name"}:
            user.first_name = changes.get("first_name", user.first_name)
            user.last_name = changes.get("last_name", user.last_name)
            _check_named(user.first_name, user.last_name)
            clean_model(user)
            user.save(update_fields=["first_name", "last_name", "updated_at"])
        clean_model(practitioner)
        practitioner.save()
        if "qualifications" in changes:
            _set_qualifications(practitioner, changes["qualifications"])
    return practitioner


def _check_named(first_name: str, last_name: str) -> None:
    Invalid.gather(
        Invalid("This is needed for somebody new.", code="required", attr=attr)
        for attr, value in (("first_name", first_name), ("last_name", last_name))
        if says_nothing(value)
    )


def _set_qualifications(practitioner: Practitioner, qualifications: Sequence[QualificationInput]) -> None:
    """Make the rows say what `qualifications` says; a row that stays keeps its key and history."""
    wanted = {qualification.modality: qualification for qualification in qualifications}
    if len(wanted) < len(qualifications):
        raise Invalid("A modality is named twice.", code="unique", attr="qualifications")
    present = {row.modality: row for row in practitioner.qualifications.all()}
    for modality, row in present.items():
        if modality not in wanted:
            row.delete()
    for modality, given in wanted.items():
        row = present.get(modality) or Qualification(practitioner=practitioner, modality=modality)
        row.valid_from, row.valid_until = given.valid_from, given.valid_until
        try:
            clean_model(row)
        except Invalid as error:
            raise Invalid(error.detail, code=error.code, attr="qualifications") from None
        row.save()
