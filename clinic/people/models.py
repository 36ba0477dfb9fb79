"""Who works here: users, their roles at each location, practitioners and what they are qualified for."""

from typing import Any, ClassVar
from uuid import UUID

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from clinic.access.roles import Role, roles_that_may
from clinic.records import Record


class Modality(models.TextChoices):
    """What a session can give. It stands here because practitioners are qualified by it."""

    PRP = "prp", "PRP"
    STEM_CELL = "stem_cell", "Stem cell"
    MICRONEEDLING = "microneedling", "Microneedling"
    EXOSOME = "exosome", "Exosome"


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """Sign-in by email, whatever its capitals."""
        return self.get(email=(username or "").lower())

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_superuser=True, **fields)


@pghistory.track(exclude=["password", "last_login"], append_only=True)
class User(Record, AbstractBaseUser):
    """A person who signs in. What they may do follows from their memberships and the role table alone."""

    email = models.EmailField(unique=True, error_messages={"unique": "Somebody signs in with this email."})
    first_name = models.CharField(max_length=100)
    last_name = models.CharField(max_length=100)
    is_active = models.BooleanField(default=True)
    is_superuser = models.BooleanField(
        default=False, help_text="For setting up a new installation; not for daily work."
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["first_name", "last_name"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta(Record.Meta):
        ordering = ["last_name", "first_name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(email=Lower("email")),
                name="user_email_lower_case",
                violation_error_message="An email to sign in with is written in lower case.",
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name()

    def get_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email

    @property
    def is_staff(self) -> bool:
        """Whoever may sign in at all works in the console."""
        return self.is_active

    @property
    def roles_by_location(self) -> dict[UUID, set[Role]]:
        """This user's roles at each location; read once per instance."""
        if not hasattr(self, "_roles_by_location"):
            found: dict[UUID, set[Role]] = {}
            for location_id, role in self.memberships.values_list("location_id", "role"):
                found.setdefault(location_id, set()).add(Role(role))
            self._roles_by_location = found
        return self._roles_by_location

    def locations_where(self, resource: str, action: str) -> list[UUID]:
        """Ids of the locations where this user may do `action` on `resource`, in no particular order."""
        allowed = roles_that_may(resource, action)
        return [location for location, roles in self.roles_by_location.items() if roles & allowed]

    def may(self, resource: str, action: str, location_id: UUID | None = None) -> bool:
        """Whether this user may do `action` on `resource`, at one location or at any."""
        if not self.is_active:
            return False
        if self.is_superuser:
            return True
        where = self.locations_where(resource, action)
        return location_id in where if location_id else bool(where)

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Django's `app.action_model`, answered by the role table."""
        app_label, _, codename = perm.partition(".")
        action, _, model = codename.rpartition("_")
        return self.may(f"{app_label}.{model}", action)

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        return all(self.has_perm(perm) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and (self.is_superuser or bool(self.roles_by_location))


@pghistory.track(append_only=True)
class Membership(Record):
    """One role of one person at one location; a person may hold several."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    location = models.ForeignKey("clinic.Location", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["user", "location", "role"],
                name="membership_unique",
                violation_error_message="This person has this role here already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} at {self.location}"


@pghistory.track(append_only=True)
class Practitioner(Record):
    """A clinician whose time can be booked."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="practitioner")
    title = models.CharField(max_length=20, blank=True, help_text="As patients read it: Dr, Nurse …")
    is_bookable = models.BooleanField(default=True)

    class Meta(Record.Meta):
        ordering = ["user__last_name", "user__first_name"]

    def __str__(self) -> str:
        return f"{self.title} {self.user.last_name}".strip()


@pghistory.track(append_only=True)
class Qualification(Record):
    """A modality this practitioner may perform, within dates."""

    practitioner = models.ForeignKey(Practitioner, on_delete=models.CASCADE, related_name="qualifications")
    modality = models.CharField(max_length=20, choices=Modality.choices)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)

    class Meta(Record.Meta):
        ordering = ["modality"]
        constraints = [
            models.UniqueConstraint(fields=["practitioner", "modality"], name="qualification_unique"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
                name="qualification_dates_in_order",
                violation_error_message="A qualification cannot end before it begins.",
            ),
        ]

    def __str__(self) -> str:
        return self.get_modality_display()
