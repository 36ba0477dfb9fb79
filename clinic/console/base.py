"""The base of every admin: rights from the role table, rows of the reader's locations, writes through services."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin, TabularInline

from clinic.access.visibility import (
    EVERYWHERE,
    LOCATION_PATHS,
    location_of,
    may,
    relations_to_location,
    visible,
)
from clinic.audit.history import recorded
from clinic.console.acts import DELETION, Act, Done, answer
from clinic.console.forms import FORMFIELD_OVERRIDES, ConsoleModelForm, array_form_field
from clinic.console.history import Entry, entries_of
from clinic.console.reader import reader
from clinic.console.refusals import refusals
from clinic.console.registry import jobs, remedy_of
from clinic.constraints import clean_model
from clinic.errors import Conflict, Invalid, Refusal, SoftWarning
from clinic.locking import expecting, lock
from clinic.people.models import User
from clinic.places.models import Location
from clinic.records import Record

Crumb = tuple[str, str]
"""What it says, and its address; the page itself has none."""


class RoleTable:
    """Answers Django's four questions from the role table, for admins and inlines alike."""

    model: type[models.Model]

    @property
    def resource(self) -> str:
        return self.model._meta.label_lower

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._may(request, "view", obj)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._may(request, "add", None)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._may(request, "delete", obj)

    def _may(self, request: HttpRequest, action: str, obj: models.Model | None) -> bool:
        user = cast(User, request.user)
        if obj is None or obj._state.adding or not isinstance(obj, self.model):
            # An inline is asked about its parent's row; its own rows are limited by the parent's page.
            return user.may(self.resource, action)
        return may(user, action, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Choices are rows that the reader may see."""
        related = db_field.remote_field.model
        if "queryset" not in kwargs and related._meta.label_lower in LOCATION_PATHS:
            kwargs["queryset"] = visible(self.choices_of(db_field.name, related), cast(User, request.user))
        if related is Location and len(reader().locations) == 1:
            kwargs.setdefault("initial", reader().locations[0].pk)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def choices_of(self, name: str, related: type[models.Model]) -> models.QuerySet[Any]:
        """The rows that field `name` may refer to, whoever asks."""
        return related._default_manager.all()

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Where a column has no default, nothing is chosen beforehand."""
        include_blank = db_field.blank or not db_field.has_default()
        kwargs.setdefault("choices", db_field.get_choices(include_blank=include_blank, blank_choice=[("", "Choose")]))
        return super().formfield_for_choice_field(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """No pop-ups beside selects; arrays of choices are checkboxes."""
        if isinstance(db_field, ArrayField):
            return array_form_field(db_field)
        formfield = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        wrapped = getattr(formfield, "widget", None)
        if hasattr(wrapped, "can_add_related"):
            formfield.widget = wrapped.widget
        return formfield


class ConsoleAdmin(RoleTable, ModelAdmin):
    """A list, a page and the transitions of one model."""

    form = ConsoleModelForm
    formfield_overrides = FORMFIELD_OVERRIDES
    actions = None
    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = False
    compressed_fields = True
    change_form_template = "console/change_form.html"
    change_list_template = "console/change_list.html"
    object_history_template = "console/history.html"
    empty_reason: ClassVar[str] = ""
    """Why the list is empty, and what to do."""
    history_of: ClassVar[Mapping[type[Record], str]] = {}
    """Models whose rows belong to the page's row, each with the column that says so: their changes are its history."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.actions_detail = tuple(
            name for kind in reversed(cls.__mro__) for name, value in vars(kind).items() if hasattr(value, "act")
        )

    # Rows

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        if relations := relations_to_location(self.resource):
            rows = rows.select_related(*relations)
        return visible(rows, cast(User, request.user))

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise Http404

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Lists are filtered by their declared filters alone: a column that is not shown cannot be asked about."""
        return lookup in {getattr(one, "parameter_name", None) for one in self.get_list_filter(request)}

    # Where things are

    def url_of(self, row: models.Model) -> str:
        """The page of a row."""
        return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])

    @property
    def list_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    @property
    def job_title(self) -> str:
        """What the sidebar calls this list."""
        for group in ("daily", "set_up"):
            for entry in jobs(group):
                if entry.resource == self.resource:
                    return entry.title
        return str(self.opts.verbose_name_plural).capitalize()

    def crumbs(self, row: models.Model | None = None) -> list[Crumb]:
        """The way to the page of `row`, or of the list."""
        way = [(self.job_title, self.list_url)]
        return [*way, (self.name_of(row), self.url_of(row))] if row is not None else way

    def name_of(self, row: Any) -> str:
        """What the row's page is titled."""
        return str(row)

    # Acts

    @classmethod
    def acts(cls) -> dict[str, Act]:
        """The transitions of this admin's rows, by name."""
        return {name: getattr(cls, name).act for name in cls.actions_detail}

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        row = self.get_object(request, unquote(str(object_id)))
        if row is None:
            return []
        acts = self.acts()
        return [
            action
            for action in self._get_base_actions_detail()
            if (spec := acts[action.method.original_function_name]).is_legal(row)
            and may(cast(User, request.user), spec.grant, row, resource=spec.resource)
        ]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row, read once a request."""
        rows = request.__dict__.setdefault("console_rows", {})
        key = (self.resource, str(object_id))
        if key not in rows:
            rows[key] = super().get_object(request, object_id, from_field)
        return rows[key]

    # Pages

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {
            "title": self.job_title,
            "crumbs": [(self.job_title, "")],
            "empty_reason": self.empty_reason,
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """As Django's; what a service refuses stands in the form, and nothing was changed."""
        try:
            with refusals():
                return super().changeform_view(request, object_id, form_url, extra_context)
        except Refusal as refusal:
            request.console_refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[forms.Form]:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.request = request
        return cast(type[forms.Form], form)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        title = self.name_of(row) if row is not None else f"New {self.opts.verbose_name}"
        context.setdefault("show_save_and_continue", False)
        context.setdefault("show_save_and_add_another", False)
        context |= {
            "title": title,
            "subtitle": None,
            "crumbs": [*self.crumbs(), (title, "")],
            "seen_version": request.POST.get("_version") or getattr(row, "version", ""),
            "history_url": self.history_url(request, row) if row is not None else "",
            "delete_url": self._delete_url(request, row) if row is not None else "",
            "show_delete": False,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The dialog that deletes a row: GET asks, POST does."""
        if not self.has_delete_permission(request):
            raise PermissionDenied
        spec = replace(DELETION, title=f"Delete {self.opts.verbose_name}", description=self.deletion_says)
        return answer(self, spec, type(self).deletion, request, object_id)

    deletion_says: ClassVar[str] = "It cannot be brought back; the history keeps what it was."

    def deletion(self, request: HttpRequest, row: Any, form: Any) -> Done:
        """Delete `row`, and say so where its list is."""
        said, url = self.name_of(row), self.url_without(row)
        try:
            with transaction.atomic():
                self.delete_model(request, row)
        except ProtectedError:
            raise Conflict(f"{said} is in use, so it stays.") from None
        return Done(f"{said}: deleted.", url)

    def url_without(self, row: Any) -> str:
        """Where deleting `row` leads."""
        return self.list_url

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who changed what, when and why: the events that the database's triggers wrote."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.may_see_history(request, row):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": f"History: {self.name_of(row)}",
            "crumbs": [*self.crumbs(row), ("History", "")],
            "entries": self.entries(row),
            "opts": self.opts,
        }
        return TemplateResponse(request, self.object_history_template, context)

    def history_url(self, request: HttpRequest, row: Any) -> str:
        """Where the row's history is, for who may see it."""
        if not self.may_see_history(request, row):
            return ""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_history", args=[row.pk])

    def _delete_url(self, request: HttpRequest, row: Any) -> str:
        """Where the dialog is that deletes the row, for who may."""
        if not self.has_delete_permission(request, row):
            return ""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_delete", args=[row.pk])

    def entries(self, row: Any) -> list[Entry]:
        """Its history. Why something was done may be clinical, whatever row it touched: those words are for who may."""
        found = entries_of(row, self.history_of)
        if reader().may("patients.patient", "view_clinical"):
            return found
        return [replace(entry, reason="") for entry in found]

    def may_see_history(self, request: HttpRequest, row: Any) -> bool:
        """Where a resource has clinical fields, its history has them too."""
        user = cast(User, request.user)
        return may(user, "view", row) and may(user, self.history_grant, row)

    history_grant: ClassVar[str] = "view"

    # Writing

    def write(self, request: HttpRequest, form: Any, formsets: Sequence[Any], change: bool) -> Record:
        """Call the service with what the forms hold; return what it wrote."""
        if change:
            return self.update(request, form.instance, form.cleaned_data)
        return self.create(request, form.cleaned_data)

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Record:
        """Call the service that makes a row."""
        raise NotImplementedError(f"{type(self).__name__} makes nothing")

    def update(self, request: HttpRequest, row: Any, data: dict[str, Any]) -> Record:
        """Call the service that changes `row`. The instance carries the form's values already, and is not saved."""
        raise NotImplementedError(f"{type(self).__name__} changes nothing")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing yet: the service wants the inlines' rows too."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Sequence[Any], change: bool) -> None:
        self._check_place(request, form.instance, change)
        with self.unless_stale(request, form.instance, change):
            written = self.write(request, form, formsets, change)
        if written is not form.instance:
            form.instance.__dict__.update(written.__dict__)

    def unless_stale(self, request: HttpRequest, row: Any, change: bool) -> AbstractContextManager[None]:
        """Refuse within this block where somebody changed the row since this form was opened."""
        seen = request.POST.get("_version", "")
        return expecting(row, [int(seen)]) if change and seen.isascii() and seen.isdigit() else nullcontext()

    def _check_place(self, request: HttpRequest, row: models.Model, change: bool) -> None:
        """Refuse to put a row where the reader's roles do not reach."""
        path = LOCATION_PATHS[self.resource]
        if path is EVERYWHERE or path == "id" or self.belongs_to_many:
            return
        place = location_of(row)
        if not cast(User, request.user).may(self.resource, "change" if change else "add", place):
            raise Invalid("You have no right to do this at that location.", attr=path.split("__")[0])

    belongs_to_many: ClassVar[bool] = False
    """Whether a row can belong to several locations, so that one place cannot be asked."""

    def construct_change_message(self, *args: Any, **kwargs: Any) -> str:
        return ""

    def log_addition(self, *args: Any) -> None:
        """The database's triggers write the history."""

    def log_change(self, *args: Any) -> None:
        """The database's triggers write the history."""

    def log_deletions(self, *args: Any) -> None:
        """The database's triggers write the history."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with recorded():
            obj.delete()

    def warn(self, request: HttpRequest, warnings: Iterable[SoftWarning]) -> None:
        """Say each warning, with the way to what can be done about it."""
        for warning in warnings:
            found = remedy_of(reader(), warning.code)
            link = format_html(' <a class="c-undo" href="{}">{}</a>', found.url(), found.title) if found else ""
            messages.warning(request, format_html("{}{}", warning.detail, link))

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self._saved(request, obj)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self._saved(request, obj)

    def _saved(self, request: HttpRequest, obj: Any) -> HttpResponse:
        messages.success(request, f"{self.name_of(obj)}: saved.")
        return HttpResponseRedirect(self.url_after(obj), status=303)

    def url_after(self, row: Any) -> str:
        """Where saving leads."""
        return self.url_of(row)


class SetUpAdmin(ConsoleAdmin):
    """A table that somebody keeps once and for all: saving leads back to its list."""

    def url_after(self, row: Any) -> str:
        return self.list_url

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Record:
        row = cast(Record, self.model(**data))
        with recorded():
            clean_model(row)
            row.save()
        return row

    def update(self, request: HttpRequest, row: Any, data: dict[str, Any]) -> Record:
        with recorded():
            kept = lock(self.model._default_manager.all(), row.pk)
            for name, value in data.items():
                setattr(kept, name, value)
            clean_model(kept)
            kept.save()
        return cast(Record, kept)


class PartAdmin(SetUpAdmin):
    """Rows that are read on the page of what they belong to, and have no list of their own."""

    owner: ClassVar[str]
    """The column that says what a row belongs to."""

    def owner_url(self, row: Any) -> str:
        of = getattr(row, self.owner)
        return reverse(f"admin:{of._meta.app_label}_{of._meta.model_name}_change", args=[of.pk])

    def crumbs(self, row: models.Model | None = None) -> list[Crumb]:
        if row is None:
            return []
        of = getattr(row, self.owner)
        return [(str(of), self.owner_url(row)), (self.name_of(row), self.url_of(row))]

    def url_after(self, row: Any) -> str:
        return self.owner_url(row)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(reverse("admin:index"))

    def url_without(self, row: Any) -> str:
        return self.owner_url(row)


class Inline(RoleTable, TabularInline):
    """Rows that belong to a page's row."""

    extra = 0
    formfield_overrides = FORMFIELD_OVERRIDES
    show_change_link = False

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """In a table the column's heading is no label of the control."""
        formfield = super().formfield_for_dbfield(db_field, request, **kwargs)
        if formfield is not None:
            formfield.widget.attrs.setdefault("aria-label", str(formfield.label))
        return formfield

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return visible(super().get_queryset(request), cast(User, request.user))
