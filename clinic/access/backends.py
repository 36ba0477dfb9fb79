"""Sign-in by email and password. Permissions come from the role table, not from Django's groups."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from clinic.access.signin import Attempt, address_of
from clinic.people.models import User


class RoleBackend(BaseBackend):
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """The active user with this email and password; an unknown email costs the same time as a wrong password.

        Failures from one address are counted and, past the limit, refused without a look at the password: through
        this backend goes every sign-in, the API's and the console's.
        """
        email = username or kwargs.get("email")
        if not email or password is None or "\x00" in email:
            return None
        attempt = Attempt(email, address_of(request)) if request is not None else None
        if attempt is not None and attempt.seconds_to_wait():
            raise PermissionDenied
        user = self._with_password(email, password)
        if attempt is not None:
            if user is None:
                attempt.failed()
            else:
                attempt.succeeded()
        return user

    @staticmethod
    def _with_password(email: str, password: str) -> User | None:
        try:
            user = User.objects.get_by_natural_key(email)
        except User.DoesNotExist:
            User().set_password(password)
            return None
        return user if user.is_active and user.check_password(password) else None

    def get_user(self, user_id: Any) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()
