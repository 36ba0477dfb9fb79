"""Transitions as buttons: GET opens a dialog and changes nothing, POST calls the service.

`@act` makes a method of an admin into one of unfold's dialog actions. The button is there where the role table and the
row's state allow it; the address always answers, and an illegal transition is refused in the service's own words.

A page that shows by itself what changed stays where it is: a button whose answer goes to the toasts, or a dialog whose
address says `stays`, is answered with a toast, and the page is told which row changed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Protocol

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.enums import ActionVariant

from clinic.access.visibility import may
from clinic.console.back import back_to
from clinic.console.forms import ActForm
from clinic.console.refusals import add_refusal, in_words, refusals
from clinic.console.toasts import Toast, toast_later, toast_response
from clinic.errors import Refusal, SoftWarning


@dataclass(frozen=True, slots=True)
class Done:
    """What a transition did, in words, or as a toast with the way back; where to go from there, and what a person
    should look at."""

    message: str | Toast
    url: str | None = None
    warnings: Sequence[SoftWarning] = ()


class Method(Protocol):
    def __call__(self, admin: Any, request: HttpRequest, row: Any, form: Any, /) -> Done | str: ...


@dataclass(frozen=True, slots=True)
class Act:
    """One transition, as the console offers it."""

    name: str
    title: str
    grant: str
    resource: str | None
    """Another line of the role table than the row's own."""
    is_legal: Callable[[Any], bool]
    form: type[ActForm]
    icon: str
    variant: ActionVariant
    description: str
    submit: str
    page: str | None
    """The template of an act that needs a whole page."""
    is_whole: bool
    """Whether the method answers the request itself."""
    is_one_click: bool
    """Whether pages do it by one click, without asking first."""


class DeletionForm(ActForm):
    """Asks nothing; what a person was told it would do to others comes back with the second press."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)


DELETION = Act(
    name="delete",
    title="Delete",
    grant="delete",
    resource=None,
    is_legal=lambda row: True,
    form=DeletionForm,
    icon="delete",
    variant=ActionVariant.DANGER,
    description="",
    submit="Delete",
    page=None,
    is_whole=False,
    is_one_click=False,
)


def in_states(allowed: Iterable[Any], attr: str = "status") -> Callable[[Any], bool]:
    """Whether a row's state is in its allowed-from set."""
    states = frozenset(str(state) for state in allowed)
    return lambda row: str(getattr(row, attr)) in states


def act(
    title: str,
    *,
    grant: str,
    is_legal: Callable[[Any], bool],
    form: type[ActForm] = ActForm,
    resource: str | None = None,
    icon: str = "",
    variant: ActionVariant = ActionVariant.DEFAULT,
    description: str = "",
    submit: str = "",
    page: str | None = None,
    is_whole: bool = False,
    is_one_click: bool = False,
) -> Callable[[Method], Callable[..., HttpResponse]]:
    """Offer a method, `(self, request, row, form) -> Done | message`, as a transition of the admin's rows.

    With `is_whole` the method is `(self, request, row) -> response`, a page of its own.
    """

    def decorate(method: Method) -> Callable[..., HttpResponse]:
        name = method.__name__  # type: ignore[attr-defined]
        spec = Act(
            name=name,
            title=title,
            grant=grant,
            resource=resource,
            is_legal=is_legal,
            form=form,
            icon=icon,
            variant=variant,
            description=description,
            submit=submit or title,
            page=page,
            is_whole=is_whole,
            is_one_click=is_one_click,
        )

        @wraps(method)  # type: ignore[arg-type]
        def view(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
            return answer(self, spec, method, request, object_id)

        # What unfold reads from its own @action.
        for attribute, value in {
            "act": spec,
            "short_description": title,
            "url_path": name.replace("_", "-"),
            "icon": icon,
            # What stops something is red in its dialog, where it is decided, and quiet in the header.
            "variant": ActionVariant.DEFAULT if variant is ActionVariant.DANGER else variant,
            "attrs": {},
            "dialog": None if page or is_whole else {"title": title, "description": description},
            "original_function_name": name,
        }.items():
            setattr(view, attribute, value)
        return view

    return decorate


def answer(admin: Any, spec: Act, method: Method, request: HttpRequest, object_id: str) -> HttpResponse:
    """The dialog of `spec` on a row of `admin`, or, for POST, what `method` did. Raises Http404, PermissionDenied."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    if not request.user.may(spec.resource or admin.resource, spec.grant):  # type: ignore[union-attr]
        raise PermissionDenied
    row = admin.get_object(request, unquote(object_id))
    if row is None:
        raise Http404
    if not may(request.user, spec.grant, row, resource=spec.resource):
        raise PermissionDenied
    if spec.is_whole:
        whole: HttpResponse = method(admin, request, row)  # type: ignore[call-arg, assignment]
        return whole
    form = spec.form(row, request, data=request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            with refusals():
                done = method(admin, request, row, form)
        except Refusal as refusal:
            if _is_one_click(request):
                return toast_response(request, refused(row, refusal), {"row-refused": about(row)}, admin.url_of(row))
            add_refusal(form, refusal, form.refusal_names)
            status = 409
        else:
            return _leave(admin, request, row, done)
    return _ask(admin, spec, request, row, form, status)


def _ask(admin: Any, spec: Act, request: HttpRequest, row: Any, form: ActForm, status: int) -> HttpResponse:
    is_dialog = "HX-Request" in request.headers and spec.page is None
    context = {
        "act": spec,
        "form": form,
        "row": row,
        "row_name": admin.name_of(row),
        "opts": admin.opts,
        "back": admin.url_of(row),
        "next": request.POST.get("next") or request.GET.get("next", ""),
    }
    if is_dialog:
        # htmx swaps nothing from an answer that is no success.
        return TemplateResponse(request, "console/act_dialog.html", context)
    context |= admin.admin_site.each_context(request)
    context |= {"title": spec.title, "crumbs": [*admin.crumbs(row), (spec.title, "")]}
    return TemplateResponse(request, spec.page or "console/act_page.html", context, status=status)


def _leave(admin: Any, request: HttpRequest, row: Any, done: Done | str) -> HttpResponse:
    done = done if isinstance(done, Done) else Done(done)
    url = done.url or back_to(request, admin.url_of(row))
    if done.url is None and _stays(request):
        return _stay(request, row, done, url)
    if isinstance(done.message, Toast):
        toast_later(request, done.message)
    else:
        messages.success(request, done.message)
    for warning in done.warnings:
        messages.warning(request, warning.detail)
    if "HX-Request" in request.headers:
        return HttpResponse(headers={"HX-Redirect": url})
    return HttpResponseRedirect(url, status=303)


def _stay(request: HttpRequest, row: Any, done: Done, url: str) -> HttpResponse:
    toast = done.message if isinstance(done.message, Toast) else Toast(done.message, about=str(row.pk))
    said = " ".join(filter(None, (toast.detail, *(warning.detail for warning in done.warnings))))
    response = toast_response(request, replace(toast, detail=said), {"row-changed": about(row)}, url)
    if not _is_one_click(request):  # the dialog's own form asked, and waits for itself
        for name, value in {"Retarget": "#toasts", "Reswap": "beforeend", "Reselect": ".c-toast"}.items():
            response.headers[f"HX-{name}"] = value
    return response


def _is_one_click(request: HttpRequest) -> bool:
    return request.headers.get("HX-Target") == "toasts"


def _stays(request: HttpRequest) -> bool:
    return _is_one_click(request) or ("HX-Request" in request.headers and "stays" in request.GET)


def about(row: Any) -> dict[str, str]:
    """What the events of a page say about a row."""
    return {"row": str(row.pk)}


def refused(row: Any, refusal: Refusal, detail: str = "") -> Toast:
    """A toast that says why nothing was done."""
    return Toast(" ".join(in_words(refusal)), "stop", about=str(row.pk), detail=detail)


@dataclass(frozen=True, slots=True)
class Button:
    """A legal act on a row, ready to be drawn."""

    title: str
    url: str
    icon: str
    variant: str
    is_dialog: bool
    is_one_click: bool


def buttons(admin: Any, user: Any, row: Any, names: Iterable[str] | None = None) -> list[Button]:
    """The acts on `row` that its state and the role table allow `user`; of `names` only, in that order, if given."""
    acts = admin.acts()
    found = []
    for name in names if names is not None else acts:
        spec: Act = acts[name]
        if spec.is_legal(row) and may(user, spec.grant, row, resource=spec.resource):
            url = reverse(f"admin:{admin.opts.app_label}_{admin.opts.model_name}_{name}", args=[row.pk])
            is_dialog = not (spec.page or spec.is_whole)
            found.append(Button(spec.title, url, spec.icon, spec.variant.value, is_dialog, spec.is_one_click))
    return found


def by_clicks(found: Iterable[Button]) -> tuple[list[Button], list[Button]]:
    """Those of `found` that one click does, and the others, each in order."""
    found = list(found)
    return [one for one in found if one.is_one_click], [one for one in found if not one.is_one_click]
