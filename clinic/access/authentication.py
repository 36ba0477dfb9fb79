"""Who is asking: a token of ours, or the console's session with CSRF."""

from typing import Any

from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from clinic import clock
from clinic.people.models import User


class TokenAuthentication(KnoxTokenAuthentication):
    """`Authorization: Token …`, stored as a hash; one query, however many tokens the person has."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """The token's person and the token. Raises AuthenticationFailed."""
        try:
            digest = hash_token(token.decode("ascii"))
        except UnicodeDecodeError:
            raise AuthenticationFailed("Invalid token.") from None
        found = AuthToken.objects.select_related("user").filter(digest=digest).first()
        if found is None or (found.expiry is not None and found.expiry <= clock.now()):
            raise AuthenticationFailed("Invalid token.")
        authenticated: tuple[User, AuthToken] = self.validate_user(found)
        return authenticated


class SessionAuthentication(authentication.SessionAuthentication):
    """Somebody who is signed in to the console; a change needs the CSRF token."""


class SigningIn(authentication.BaseAuthentication):
    """Takes no credentials, not even bad ones, but says which kind there is: wrong ones answer 401 and not 403."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        return None

    def authenticate_header(self, request: Request) -> str:
        return str(TokenAuthentication().authenticate_header(request))
