"""People, their roles and qualifications in the console."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from knox.models import AuthToken
from unfold.decorators import display
from unfold.forms import PaginationInlineFormSet

from clinic.access.roles import Role
from clinic.access.visibility import visible
from clinic.audit.history import recorded
from clinic.console.acts import Done, act
from clinic.console.badges import Badge, Tone
from clinic.console.base import ConsoleAdmin, Inline, SetUpAdmin
from clinic.console.forms import ActForm, ConsoleModelForm
from clinic.console.registry import Job, job
from clinic.constraints import clean_model
from clinic.errors import Invalid
from clinic.locking import lock
from clinic.people import services
from clinic.people.models import Membership, Practitioner, Qualification, User
from clinic.people.services import QualificationInput
from clinic.places.models import Location
from clinic.records import Record


class MembershipFormSet(PaginationInlineFormSet):
    def clean(self) -> None:
        """Somebody new without a role would be seen by nobody."""
        super().clean()
        given = [form for form in self.forms if form.is_valid() and form.cleaned_data]
        if self.instance._state.adding and not any(not form.cleaned_data.get("DELETE") for form in given):
            raise forms.ValidationError("Give this person one role at least.")


class MembershipInline(Inline):
    model = Membership
    formset = MembershipFormSet
    verbose_name, verbose_name_plural = "role", "roles"
    fields = ("location", "role")

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 0 if obj else 1

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("location")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "location":
            # Nobody gives a right at a place where they may not.
            user = cast(User, request.user)
            places = Location.objects.all()
            if not user.is_superuser:
                places = places.filter(pk__in=user.locations_where("clinic.membership", "add"))
            kwargs["queryset"] = places
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class UserForm(ConsoleModelForm):
    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class NewUserForm(UserForm):
    password = forms.CharField(
        label="First password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=" ".join(password_validators_help_texts()),
    )

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password)
        return password


class PasswordForm(ActForm):
    password = forms.CharField(
        label="New password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=" ".join(password_validators_help_texts()),
    )

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password, self.row)
        return password


@admin.register(User)
class UserAdmin(SetUpAdmin):
    belongs_to_many = True
    list_display = ("name", "email", "roles", "state")
    search_fields = ("first_name", "last_name", "email")
    search_help_text = "Name or email"
    ordering = ("last_name", "first_name")
    inlines = (MembershipInline,)
    history_of = {Membership: "user_id"}

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        roles = visible(Membership.objects.select_related("location"), cast(User, request.user))
        return super().get_queryset(request).prefetch_related(Prefetch("memberships", roles, "roles_seen"))

    def name_of(self, row: User) -> str:
        return row.get_full_name()

    @display(description="Name", ordering="last_name")
    def name(self, user: User) -> str:
        return user.get_full_name()

    @display(description="Roles")
    def roles(self, user: Any) -> str:
        held = [f"{Role(one.role).label} ({one.location})" for one in user.roles_seen]
        return ", ".join(held) or "None"

    @display(description="May sign in")
    def state(self, user: User) -> Badge:
        return Badge(Tone.DONE, "Active") if user.is_active else Badge(Tone.NEUTRAL, "Inactive", "block")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = ["first_name", "last_name", "email", *(["is_active"] if obj else [])]
        return [(None, {"fields": fields if obj else [*fields, "password"]})]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs |= {"form": NewUserForm, "fields": ["first_name", "last_name", "email"]}
        else:
            kwargs["form"] = UserForm
        return super().get_form(request, obj, change=change, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user = cast(User, request.user)
        if isinstance(obj, User) and obj.is_superuser and not user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def write(self, request: HttpRequest, form: Any, formsets: Sequence[Any], change: bool) -> Record:
        data = form.cleaned_data
        with recorded():
            if change:
                user = lock(User.objects.all(), form.instance.pk)
                for name in ("first_name", "last_name", "email", "is_active"):
                    setattr(user, name, data[name])
                clean_model(user)
                user.save()
            else:
                user = services.user_create(
                    email=data["email"],
                    first_name=data["first_name"],
                    last_name=data["last_name"],
                    password=data["password"],
                )
            for formset in formsets:
                _write_memberships(formset, user)
        return user

    @act(
        "Set a new password",
        grant="change",
        is_legal=lambda user: True,
        form=PasswordForm,
        icon="key",
        description="They are signed out everywhere and sign in with this one from now on.",
        submit="Set password",
    )
    def set_password(self, request: HttpRequest, row: User, form: PasswordForm) -> Done:
        if not _has_power_over(cast(User, request.user), row):
            raise Invalid("This person also works where you are not a manager; a manager there has to do it.")
        with recorded("New password set by a manager"):
            user = lock(User.objects.all(), row.pk)
            user.set_password(form.cleaned_data["password"])
            user.save()
            AuthToken.objects.filter(user=user).delete()
        return Done(f"{user.get_full_name()} signs in with the new password from now on.")


def _write_memberships(formset: Any, user: User) -> None:
    for form in formset.forms:
        data = getattr(form, "cleaned_data", None)
        if not data:
            continue
        stands = not form.instance._state.adding
        if data.get("DELETE"):
            if stands:
                services.membership_end(membership_id=form.instance.pk)
        elif form.has_changed():
            if stands:
                services.membership_end(membership_id=form.instance.pk)
            services.membership_grant(user=user, location=data["location"], role=Role(data["role"]))


def _has_power_over(user: User, other: User) -> bool:
    """Whether `user` is a manager at every place where `other` works."""
    if user.is_superuser:
        return True
    theirs = set(other.memberships.values_list("location_id", flat=True))
    return not other.is_superuser and theirs <= set(user.locations_where("clinic.user", "change"))


class QualificationInline(Inline):
    model = Qualification
    fields = ("modality", "valid_from", "valid_until")


class PractitionerForm(ConsoleModelForm):
    refusal_names = {"email": "user"}


@admin.register(Practitioner)
class PractitionerAdmin(ConsoleAdmin):
    belongs_to_many = True
    list_display = ("name", "qualified_for", "bookable")
    form = PractitionerForm
    search_fields = ("user__last_name", "user__first_name")
    search_help_text = "Name"
    ordering = ("user__last_name", "user__first_name")
    inlines = (QualificationInline,)
    history_of = {Qualification: "practitioner_id"}
    fields = ("user", "title", "is_bookable")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Practitioner]:
        return super().get_queryset(request).select_related("user").prefetch_related("qualifications")

    def name_of(self, row: Practitioner) -> str:
        return f"{row.title} {row.user.get_full_name()}".strip()

    @display(description="Name", ordering="user__last_name")
    def name(self, practitioner: Practitioner) -> str:
        return self.name_of(practitioner)

    @display(description="Qualified for")
    def qualified_for(self, practitioner: Practitioner) -> str:
        return ", ".join(str(one) for one in practitioner.qualifications.all()) or "Consultations and follow-ups"

    @display(description="Takes bookings", boolean=True)
    def bookable(self, practitioner: Practitioner) -> bool:
        return practitioner.is_bookable

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("user",) if obj else ()

    def choices_of(self, name: str, related: Any) -> QuerySet[Any]:
        rows = super().choices_of(name, related)
        return rows.filter(practitioner=None, memberships__role=Role.PRACTITIONER).distinct()

    def write(self, request: HttpRequest, form: Any, formsets: Sequence[Any], change: bool) -> Record:
        data = form.cleaned_data
        qualifications = [
            QualificationInput(one["modality"], one["valid_from"], one["valid_until"])
            for formset in formsets
            for one in formset.cleaned_data
            if one and not one.get("DELETE")
        ]
        if change:
            return services.practitioner_update(
                practitioner_id=form.instance.pk,
                changes={
                    "title": data["title"],
                    "is_bookable": data["is_bookable"],
                    "qualifications": qualifications,
                },
            )
        places = Location.objects.filter(memberships__user=data["user"], memberships__role=Role.PRACTITIONER)
        return services.practitioner_create(
            email=data["user"].email,
            locations=list(places),
            title=data["title"],
            is_bookable=data["is_bookable"],
            qualifications=qualifications,
        )


job(Job("People", "admin:clinic_user_changelist", "badge", "clinic.user", 30, "set_up"))
job(Job("Practitioners", "admin:clinic_practitioner_changelist", "stethoscope", "clinic.practitioner", 40, "set_up"))
