"""Health checks of the containers: `python -m docker.healthcheck web|delivery`. Exits 0, or says what is not well."""

import os
import sys
import urllib.request
from urllib.parse import urlsplit

WEB = "http://127.0.0.1:8000"


def web() -> str:
    """What keeps this container's web server from serving; empty when nothing does."""
    # By the name that the service answers to: any other is refused.
    host = urlsplit(os.environ["PUBLIC_URL"]).netloc
    request = urllib.request.Request(f"{WEB}/health/ready", headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=8):
            return ""
    except OSError as error:
        return f"/health/ready: {error}"


def delivery() -> str:
    """Whether the last delivery pass is too old: then worker or beat does not work. A ping would not tell."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    django.setup()
    from plans.messages.health import LAST_PASS_ALARM_SECONDS, last_pass_seconds

    age = last_pass_seconds()
    if age is None:
        return "no delivery pass has ended yet"
    return f"the last delivery pass ended {age:.0f} s ago" if age > LAST_PASS_ALARM_SECONDS else ""


if __name__ == "__main__":
    sys.exit({"web": web, "delivery": delivery}[sys.argv[1]]() or None)
