"""One process that delivers, or that does the floor's share: `python -m benchmarks.deliverer deliver|floor COUNT`.

Says `ready`, waits for a line, works, and says what it did as one line of JSON.
"""

import json
import smtplib
import sys
import time
from functools import partial

import django

from benchmarks.memory import peak_mb

WARM_UP = 50
"""Mails after which the first reading of memory is taken: everything is loaded by then."""


def main(what: str, count: int) -> None:
    django.setup()
    work = _deliver if what == "deliver" else partial(_send, _prebuilt())
    _say("ready")
    sys.stdin.readline()
    began = time.monotonic()
    sent, warm_mb = work(count)
    ended = time.monotonic()
    _say(json.dumps({"began": began, "ended": ended, "sent": sent, "warm_mb": warm_mb, "peak_mb": peak_mb()}))


def _deliver(count: int) -> tuple[int, float | None]:
    from plans.messages.delivery import deliver_due

    sent = deliver_due(limit=min(WARM_UP, count)).sent
    warm = peak_mb()
    return sent + deliver_due(limit=count - sent).sent, warm


def _prebuilt() -> bytes:
    from benchmarks.measures import mail_of
    from clinic.places.models import Location

    return mail_of(Location.objects.earliest("pk"))


def _send(content: bytes, count: int) -> tuple[int, float | None]:
    from django.conf import settings

    sender = settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].rstrip(">")
    with smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT) as client:
        client.ehlo()
        for _ in range(count):
            client.sendmail(sender, ["patient1@load.example"], content)
    return count, peak_mb()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
