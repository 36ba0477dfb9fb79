"""The page on which two records of one person become one: choose the other, look at both, merge."""

from copy import copy
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from clinic.access.visibility import may, visible
from clinic.console.refusals import refusals
from clinic.errors import Conflict, Refusal
from clinic.locking import expecting
from clinic.people.models import User
from patients.admin.words import in_words
from patients.models import Patient
from patients.queries import is_similar_only, likely_duplicates, patients_in_full, search
from patients.services import MergePreview, patient_merge, patient_merge_preview

OFFERED_AT_MOST = 10
ARE_SAME = "are_same"
ROWS = {
    "first_name": "First name",
    "last_name": "Last name",
    "date_of_birth": "Date of birth",
    "sex": "Sex",
    "home_location": "Home location",
    "phone": "Phone",
    "email": "Email",
    "confidential_email": "Confidential email",
    "email_opt_out": "Wants no email",
    "unwanted_mail": "Wants no mail about",
    "language": "Language",
    "preferred_weekdays": "Days that suit them",
    "preferred_from": "Likes to come from",
    "preferred_until": "Likes to be done by",
    "guardian": "Guardian",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the two records side by side."""

    what: str
    gone: str
    kept: str
    differs: bool
    taken: str
    """What the survivor has from then on, where it takes over what the other has; else empty."""


def merge_page(admin: Any, request: HttpRequest, row: Patient) -> HttpResponse:
    """GET: choose the other record of `row`, or, once `into` names it, look at both. POST: merge."""
    if row.is_merged:
        return HttpResponseRedirect(admin.url_of(row))
    user = cast(User, request.user)
    asked = request.POST.get("into") or request.GET.get("into", "")
    if not asked:
        return _show(admin, request, row, _choice(request, row))
    into = _other(user, asked)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            _check_same(request, user, row, into)
            with refusals(), expecting(row, _seen(request, row)):
                survivor = patient_merge(patient_id=row.pk, into=into, by=user, reason=request.POST.get("reason", ""))
        except Refusal as error:
            refusal = error
        else:
            messages.success(request, f"{row.mrn} was merged into {survivor.mrn}, {survivor.full_name}.")
            return HttpResponseRedirect(admin.url_of(survivor), status=303)
    try:
        preview = patient_merge_preview(patient=row, into=into, by=user)
    except Refusal as error:
        return _show(admin, request, row, _choice(request, row) | {"refusal": error.detail}, status=409)
    lost = set(preview.differs) - set(preview.filled)
    context = {
        "preview": preview,
        "rows": _rows(preview),
        "switch_url": f"{_url(into)}?{urlencode({'into': str(row.pk)})}",
        "other_url": _url(row),
        "refusal": refusal.detail if refusal is not None and not preview.obstacles else "",
        "reason": request.POST.get("reason", ""),
        "lost_phone": preview.patient.phone_shown if "phone" in lost else "",
        "are_same": request.POST.get(ARE_SAME) == "on",
    }
    return _show(admin, request, row, context, status=409 if refusal is not None else 200)


def _check_same(request: HttpRequest, user: User, row: Patient, into: Patient) -> None:
    """Raises `Conflict` where the two look like two people, and nobody said that they are one."""
    if request.POST.get(ARE_SAME) == "on":
        return
    preview = patient_merge_preview(patient=row, into=into, by=user)
    if preview.warnings and not preview.obstacles:
        raise Conflict(
            "Nothing was merged: tick “They are the same person” first, if they are.", code="required", attr=ARE_SAME
        )


def _show(
    admin: Any, request: HttpRequest, row: Patient, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    page = {
        **admin.admin_site.each_context(request),
        "title": f"Merge {row.full_name}",
        "crumbs": [*admin.crumbs(row), ("Merge", "")],
        "opts": admin.opts,
        "row": row,
        "back": admin.url_of(row),
    }
    return TemplateResponse(request, "console/merge.html", page | context, status=status)


def _choice(request: HttpRequest, row: Patient) -> dict[str, Any]:
    """Whom the other record may belong to: what was searched for, or else likely duplicates. One query."""
    user = cast(User, request.user)
    text = request.GET.get("q", "").replace("\x00", "").strip()
    rows = visible(patients_in_full(), user, "merge").exclude(pk=row.pk)
    if text:
        found = list(search(rows, text)[:OFFERED_AT_MOST])
    else:
        duplicates = likely_duplicates(
            first_name=row.first_name,
            last_name=row.last_name,
            date_of_birth=row.date_of_birth,
            phone=row.phone,
            email=row.email,
            country=row.home_location.country,
        )
        found = list(rows.filter(pk__in=duplicates.values("pk")).order_by("pk")[:OFFERED_AT_MOST])
    offered = [(one, f"{_url(row)}?{urlencode({'into': str(one.pk)})}") for one in found]
    return {"text": text, "offered": offered, "only_similar": bool(found) and is_similar_only(found[0])}


def _other(user: User, asked: str) -> Patient:
    """The record with this key. Raises Http404 where the reader sees none such, PermissionDenied without the right."""
    try:
        into = visible(patients_in_full(), user).get(pk=UUID(asked))
    except (Patient.DoesNotExist, ValueError):
        raise Http404 from None
    if not may(user, "merge", into):
        raise PermissionDenied
    return into


def _seen(request: HttpRequest, row: Patient) -> list[int]:
    seen = request.POST.get("_version", "")
    return [int(seen)] if seen.isascii() and seen.isdigit() else [row.version]


def _rows(preview: MergePreview) -> list[Row]:
    survivor = copy(preview.into)
    for column, value in preview.taken.items():
        setattr(survivor, column, value)
    return [
        Row(
            what,
            in_words(preview.patient, name),
            in_words(preview.into, name),
            name in preview.differs,
            in_words(preview.patient if name == "guardian" else survivor, name) if name in preview.filled else "",
        )
        for name, what in ROWS.items()
    ]


def _url(patient: Patient) -> str:
    return reverse("admin:patients_patient_merge", args=[patient.pk])
