"""Red flags that nobody has seen to in time, for managers: of whom, since when, and who was told.

What was reported is for clinical roles, so a manager does not acknowledge it: they see to it that somebody does.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from clinic.access.visibility import visible
from clinic.console.badges import Badge
from clinic.console.reader import Reader, reader
from clinic.console.registry import Block, today_section
from clinic.people.models import User
from plans.followups.models import CheckIn, CheckInReport
from plans.messages.looks import message_badge
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.queries import staff_to_alert

RESOURCE = "plans.checkinreport"


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who can see to it, and what became of the mail that tells them; None: there was none."""

    person: User
    mail: Badge | None


@dataclass(frozen=True, slots=True)
class Alarm:
    """One answer with red flags that waited for too long."""

    report: CheckInReport
    colleagues: list[Colleague]


def chased(who: Reader) -> QuerySet[CheckInReport]:
    """The answers whose red flags were not seen to in time, where the reader has to chase it; the longest first."""
    late = CheckInReport.objects.filter(acknowledge_by__lte=who.now).exclude(acknowledged_at__lte=F("acknowledge_by"))
    related = late.select_related(
        "acknowledged_by", "check_in__session__plan__patient", "check_in__session__plan__location"
    )
    return visible(related, who.user, "chase").order_by("acknowledge_by", "pk")


def alarms(reports: QuerySet[CheckInReport]) -> list[Alarm]:
    """Each with the clinical people of its location. Two queries, and one for each location."""
    found = list(reports)
    mails: dict[tuple[UUID | None, UUID | None], PatientMessage] = {
        (mail.check_in_id, mail.staff_id): mail
        for mail in PatientMessage.objects.filter(
            kind=MessageKind.ESCALATION, check_in__in=[report.check_in_id for report in found]
        )
    }
    places = {report.check_in.session.plan.location for report in found}
    people = {place.pk: staff_to_alert(place) for place in places}
    return [
        Alarm(
            report,
            [
                Colleague(one, message_badge(mail) if (mail := mails.get((report.check_in_id, one.pk))) else None)
                for one in people[report.check_in.session.plan.location_id]
            ],
        )
        for report in found
    ]


class Alarms:
    """The page that mail about red flags opens: the answers for clinical roles, this for who has to chase them."""

    admin_site: Any
    opts: Any

    def get_urls(self) -> list[URLPattern]:
        page = path("<uuid:check_in_id>/alarm/", self.admin_site.admin_view(self.alarm), name="plans_checkin_alarm")
        return [page, *super().get_urls()]  # type: ignore[misc]

    def alarm(self, request: HttpRequest, check_in_id: UUID) -> HttpResponse:
        """Raises Http404 where there is nothing to see, or not for the reader."""
        if request.method not in ("GET", "HEAD"):
            raise Http404
        who = reader()
        if visible(CheckIn.objects.filter(pk=check_in_id), who.user).exists():
            return HttpResponseRedirect(reverse("admin:plans_checkin_change", args=[check_in_id]))
        found = alarms(chased(who).filter(check_in=check_in_id))
        if not found:
            raise Http404
        title = f"{found[0].report.check_in.session.plan.patient}: a warning sign"
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "crumbs": [("Today", reverse("admin:index")), (title, "")],
            "alarm": found[0],
            "opts": self.opts,
        }
        return TemplateResponse(request, "console/alarm.html", context)


@today_section(1)
def alarms_today(who: Reader) -> Block | None:
    """Red flags that nobody has seen to in time, for managers who do not see them as clinical people."""
    if not who.may(RESOURCE, "chase"):
        return None
    as_clinical = visible(CheckInReport.objects.all(), who.user)
    found = alarms(chased(who).filter(acknowledged_at=None).exclude(pk__in=as_clinical.order_by().values("pk")))
    if not found:
        return None
    return Block(
        "Nobody has seen to these red flags", "console/panels/alarms.html", {"alarms": found}, len(found), True
    )
