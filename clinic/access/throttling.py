"""How often a person may ask: generously, so that only a runaway program meets the limit."""

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from clinic.access import counting
from clinic.people.models import User

if TYPE_CHECKING:  # DRF's views read the settings that name this module
    from rest_framework.views import APIView


class UserThrottle(BaseThrottle):
    """At most so many requests a minute for each signed-in person, as `DEFAULT_THROTTLE_RATES["user"]` says.

    A counter and not DRF's list of instants, which at this rate would be read and written whole for each request.
    """

    WINDOW_SECONDS = 60

    def allow_request(self, request: Request, view: "APIView") -> bool:
        if not isinstance(request.user, User):
            return True
        limit = int(str(api_settings.DEFAULT_THROTTLE_RATES["user"]).partition("/")[0])
        return counting.add(f"user:{request.user.pk}", self.WINDOW_SECONDS) <= limit

    def wait(self) -> float:
        return float(counting.seconds_left(self.WINDOW_SECONDS))
