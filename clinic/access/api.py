"""Signing in and out, and who one is."""

from datetime import datetime
from typing import Any

from django.contrib.auth import authenticate, logout
from knox.models import AuthToken
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.access.authentication import SigningIn
from clinic.access.permissions import SignedIn
from clinic.access.queries import places_of, practitioner_id_of
from clinic.access.roles import Role
from clinic.access.signin import Attempt, address_of
from clinic.api.fields import InstantField, TextField
from clinic.api.serializers import NoInput
from clinic.api.views import View
from clinic.people.models import User


class CredentialsInput(serializers.Serializer[Any]):
    email = serializers.EmailField()
    password = TextField(trim_whitespace=False, max_length=256)
    otp = TextField(required=False, max_length=12, help_text="The second factor, where the person has one.")


class TokenSerializer(serializers.Serializer[Any]):
    token = serializers.CharField()
    expires_at = InstantField()


class PlaceSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    timezone = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices))


class MeSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices), help_text="At any location.")
    practitioner = serializers.UUIDField(allow_null=True)
    locations = PlaceSerializer(many=True)


class TokenView(View):
    """Sign in: a token for `Authorization: Token …`."""

    authentication_classes = [SigningIn]
    permission_classes = [AllowAny]
    throttle_classes = []
    idempotent = False
    input = CredentialsInput
    output = TokenSerializer

    def post(self, request: Request) -> Response:
        data = self.read(CredentialsInput)
        wait = Attempt(data["email"], address_of(request._request)).seconds_to_wait()
        if wait:
            raise Throttled(wait, "Too many failed sign-ins.")
        user = authenticate(request._request, username=data["email"], password=data["password"])
        if not isinstance(user, User):
            raise AuthenticationFailed("Email or password is wrong.")
        kept, token = AuthToken.objects.create(user)
        expires_at: datetime = kept.expiry
        return Response(TokenSerializer({"token": token, "expires_at": expires_at}).data)


class LogoutView(View):
    """Sign out: the token that signed this request ends, or the console's session."""

    permission_classes = [SignedIn]
    idempotent = False
    input = NoInput
    output = NoInput

    def post(self, request: Request) -> Response:
        if isinstance(request.auth, AuthToken):
            request.auth.delete()
        else:
            logout(request._request)
        return Response({})


class MeView(View):
    """Who is signed in, and where they may do what."""

    permission_classes = [SignedIn]
    output = MeSerializer

    def get(self, request: Request) -> Response:
        user = self.user
        shown = {
            "id": user.pk,
            "email": user.email,
            "roles": sorted({role for roles in user.roles_by_location.values() for role in roles}),
            "practitioner": practitioner_id_of(user),
            "locations": [
                {"id": place.pk, "name": place.name, "timezone": place.timezone, "roles": sorted(roles)}
                for place, roles in places_of(user)
            ],
        }
        return Response(MeSerializer(shown).data)
