"""Protocols: their versions, what each comes to on a calendar, and the editor that makes the next one."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import display
from unfold.enums import ActionVariant

from clinic.console.acts import Done, act
from clinic.console.badges import Badge, Tone
from clinic.console.base import ConsoleAdmin
from clinic.console.forms import ActForm
from clinic.console.reader import reader
from clinic.console.refusals import refusals
from clinic.console.registry import Job, job
from clinic.errors import Conflict, Invalid, Refusal, Stale
from clinic.people.models import User
from plans.protocols.admin.editor import Draft, draft_of, draft_posted
from plans.protocols.admin.looks import given, marks, places, shown_entries, when
from plans.protocols.drafts import Fault
from plans.protocols.models import CareTopic, Protocol, ProtocolStep
from plans.protocols.preview import preview_of
from plans.protocols.promises import promise_fault
from plans.protocols.queries import intervals_in_force, protocols_with_steps, step_inputs, topic_codes, versions_of
from plans.protocols.services import protocol_delete, protocol_restore, protocol_retire, protocol_write
from plans.treatment.admin.rollouts import RollsOut
from plans.treatment.drawing import draw

EDITOR = "console/protocol_editor.html"
PARTS = {"preview": "console/protocol_live.html", "rows": "console/protocol_rows.html"}
LIKE_NEW = ("add", "remove", "up", "down")


def is_newest(row: Any) -> bool:
    """Whether no version was made after it; known of the rows of this admin."""
    return not row.has_newer


@admin.register(Protocol)
class ProtocolAdmin(RollsOut, ConsoleAdmin):
    change_form_template = "console/protocol.html"
    fields = ()
    list_display = ("title", "version_shown", "description", "plans_shown", "state")
    search_fields = ("title", "code")
    search_help_text = "Protocol"
    history_of = {ProtocolStep: "protocol_id"}

    # Rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        newer = Protocol.objects.filter(code=OuterRef("code"), version_number__gt=OuterRef("version_number"))
        rows = super().get_queryset(request).annotate(has_newer=Exists(newer), plan_count=Count("plans"))
        match = request.resolver_match
        return rows.filter(has_newer=False) if match and match.url_name == "plans_protocol_changelist" else rows

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No version is ever edited: the editor makes the next one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By its act alone, which knows whether a plan follows it."""
        return False

    @display(description="Version", ordering="version_number")
    def version_shown(self, protocol: Protocol) -> str:
        return f"{protocol.version_number}"

    @display(description="Plans that follow it")
    def plans_shown(self, protocol: Any) -> str:
        return f"{protocol.plan_count}"

    @display(description="State")
    def state(self, protocol: Any) -> Badge:
        return state_badge(protocol)

    # The page of a version

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs["obj"]
        today = reader().today
        steps = step_inputs(protocols_with_steps().get(pk=row.pk))
        titles = dict(CareTopic.objects.values_list("code", "title"))
        versions = list(versions_of(row.code))
        newest = versions[0].version_number
        for version in versions:
            version.has_newer = version.version_number != newest
        preview = preview_of(steps, today, intervals_in_force(), titles.keys())
        entries = shown_entries(preview.calendar)
        context |= {
            "protocol": row,
            "steps": [
                (step, place, given(step), when(step), [titles[code] for code in step.care])
                for step, place in zip(steps, places(steps), strict=True)
            ],
            "versions": [(version, state_badge(version)) for version in versions],
            "faults": preview.faults,
            "entries": entries,
            "drawing": draw(marks(entries, today)),
            "start": today,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    # The editor

    @act(
        "Edit as the next version",
        grant="change",
        is_legal=is_newest,
        icon="edit",
        variant=ActionVariant.PRIMARY,
        is_whole=True,
    )
    def edit(self, request: HttpRequest, row: Protocol) -> HttpResponse:
        return self._editor(request, row)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "POST"])
        return self._editor(request, None)

    def _editor(self, request: HttpRequest, row: Protocol | None) -> HttpResponse:
        """The editor's page; a button's answer is the part that changed, where script asked for it."""
        topics = list(CareTopic.objects.order_by("kind", "code"))
        if request.method != "POST":
            steps = step_inputs(protocols_with_steps().get(pk=row.pk)) if row is not None else ()
            return self._show(request, row, draft_of(row, steps, reader().today, topics))
        draft = draft_posted(request.POST, topics, is_new=row is None)
        operation = request.POST.get("op", "").partition(":")[0]
        if operation == "save":
            return self._save(request, row, draft)
        part = ("rows" if operation in LIKE_NEW else "preview") if "HX-Request" in request.headers else ""
        return self._show(request, row, draft, part=part)

    def _save(self, request: HttpRequest, row: Protocol | None, draft: Draft) -> HttpResponse:
        unreadable = draft.unreadable()
        if unreadable:
            draft.tell(unreadable)
            return self._show(request, row, draft)
        data = draft.form.cleaned_data
        try:
            with refusals():
                written = protocol_write(
                    by=cast(User, request.user),
                    code=row.code if row is not None else data["code"],
                    title=data["title"],
                    description=data["description"],
                    expectation=data["expectation"],
                    evidence=data["evidence"],
                    steps=draft.steps,
                    change_note=data.get("change_note", ""),
                    base_version=draft.base_version,
                )
        except Invalid as refusal:
            draft.tell([Fault(one.attr or "", one.detail) for one in (refusal, *refusal.others)])
            return self._show(request, row, draft)
        except (Stale, Conflict) as refusal:
            return self._refuse(request, row, draft, refusal)
        messages.success(request, f"{written.title}: version {written.version_number} is what new plans take.")
        return HttpResponseRedirect(self.url_of(written), status=303)

    def _refuse(self, request: HttpRequest, row: Protocol | None, draft: Draft, refusal: Refusal) -> HttpResponse:
        draft.tell([Fault("", refusal.detail)])
        return self._show(request, row, draft, status=409)

    def _show(
        self, request: HttpRequest, row: Protocol | None, draft: Draft, *, part: str = "", status: int = 200
    ) -> HttpResponse:
        today = reader().today
        start = draft.start or today
        steps = draft.steps
        for form, place in zip(draft.rows, places(steps), strict=True):
            form.part = place or form.kind_in_words
        preview = preview_of(steps, start, intervals_in_force(), topic_codes())
        if request.method == "POST" and not draft.faults:
            promised = promise_fault(draft.form["expectation"].value() or "")
            own = [Fault("expectation", promised)] if promised else []
            draft.tell([*own, *(fault for one in draft.rows for fault in one.unreadable()), *preview.faults])
        entries = shown_entries(preview.calendar)
        number = draft.base_version + 1
        title = f"{row.title}: version {number}" if row is not None else "New protocol"
        context = {
            "draft": draft,
            "row": row,
            "number": number,
            "address": request.path,
            "entries": entries,
            "drawing": draw(marks(entries, today)),
            "start": start,
            "back": self.url_of(row) if row is not None else self.list_url,
            "kinds": [(kind.value, kind.label) for kind in ProtocolStep.Kind],
            "is_live": bool(part),
            "opts": self.opts,
        }
        if part:
            return TemplateResponse(request, PARTS[part], context)
        context |= self.admin_site.each_context(request)
        context |= {"title": title, "crumbs": [*self.crumbs(row), ("Edit" if row is not None else title, "")]}
        return TemplateResponse(request, EDITOR, context, status=status)

    # Other acts

    @act(
        "Retire",
        grant="retire",
        is_legal=lambda row: row.is_current,
        icon="archive",
        description="New plans cannot take it any more. Plans that follow it go on as they are.",
    )
    def retire(self, request: HttpRequest, row: Protocol, form: ActForm) -> Done:
        protocol_retire(protocol_id=row.pk)
        return Done(f"{row.title}: retired.")

    @act(
        "Restore",
        grant="restore",
        is_legal=lambda row: is_newest(row) and not row.is_current,
        icon="unarchive",
        description="New plans can take it again.",
    )
    def restore(self, request: HttpRequest, row: Protocol, form: ActForm) -> Done:
        protocol_restore(protocol_id=row.pk)
        return Done(f"{row.title}: new plans can take it again.")

    @act(
        "Delete this version",
        grant="delete",
        is_legal=lambda row: not row.plan_count,
        icon="delete",
        variant=ActionVariant.DANGER,
        description="No plan follows it. Where it is the current version, the one before becomes current again.",
        submit="Delete",
    )
    def remove(self, request: HttpRequest, row: Protocol, form: ActForm) -> Done:
        protocol_delete(protocol_id=row.pk)
        return Done(f"{row}: deleted.", url=reverse("admin:plans_protocol_changelist"))


def state_badge(protocol: Any) -> Badge:
    """Whether new plans take this version. Takes a row that knows `has_newer`."""
    if protocol.is_current:
        return Badge(Tone.DONE, "Current")
    if protocol.has_newer:
        return Badge(Tone.NEUTRAL, "Replaced", "history")
    return Badge(Tone.NEUTRAL, "Retired", "archive")


job(Job("Protocols", "admin:plans_protocol_changelist", "account_tree", "plans.protocol", 94, "set_up"))
