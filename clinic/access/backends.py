"""Sign-in by email and password. Permissions come from the role table, not from Django's groups."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from clinic.people.models import User


class RoleBackend(BaseBackend):
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """The active user with this email and password; an unknown email costs the same time as a wrong password."""
        email = username or kwargs.get("email")
        if not email or password is None or "\x00" in email:
            return None
        try:
            user = User.objects.get_by_natural_key(email)
        except User.DoesNotExist:
            User().set_password(password)
            return None
        return user if user.is_active and user.check_password(password) else None

    def get_user(self, user_id: Any) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()
