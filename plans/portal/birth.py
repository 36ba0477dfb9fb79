"""The date of birth, asked once before anything clinical: compared, limited, and remembered for a while.

Tries are counted before they are compared, for each patient and for each address. Without the cache, which counts them,
nobody is let in: a link alone must not be enough.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from clinic.access import counting
from clinic.access.signin import address_of
from patients.models import Patient

REMEMBERED_FOR = timedelta(hours=12)
WINDOW_SECONDS, DAY_SECONDS = 15 * 60, 24 * 60 * 60
OF_A_PATIENT = ((WINDOW_SECONDS, 10), (DAY_SECONDS, 50))
"""How many tries, right or wrong, in each window; a right one begins anew."""
WRONG_PER_ADDRESS = 30
"""In a quarter of an hour: a family, or a practice, may share one."""
AWAY_SECONDS = 60
PATH = "/p/"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a try."""

    is_right: bool
    wait_seconds: int = 0
    """Until somebody may try again; 0: now."""


def try_date(request: HttpRequest, patient: Patient, given: date | None) -> Verdict:
    """Compare `given` (None: no date at all) with the date of birth of `patient`, unless it was tried too often."""
    from_address = f"birth-from:{address_of(request)}"
    wait = 0
    for window, most in OF_A_PATIENT:
        count = counting.add(f"birth:{patient.pk}", window)
        if not count or count > most:  # 0: nobody counts at present
            wait = max(wait, counting.seconds_left(window) if count else AWAY_SECONDS)
    if counting.count(from_address, WINDOW_SECONDS) >= WRONG_PER_ADDRESS:
        wait = max(wait, counting.seconds_left(WINDOW_SECONDS))
    if wait:
        return Verdict(is_right=False, wait_seconds=wait)
    said = given.isoformat() if given is not None else ""
    if not constant_time_compare(said, patient.date_of_birth.isoformat()):
        counting.add(from_address, WINDOW_SECONDS)
        return Verdict(is_right=False)
    for window, _ in OF_A_PATIENT:  # what came from the address stays counted
        counting.forget(f"birth:{patient.pk}", window)
    return Verdict(is_right=True)


def is_known(request: HttpRequest, patient: Patient, now: datetime) -> bool:
    """Whether this browser gave the date of birth of `patient` within the last 12 hours."""
    try:
        made = int(_signer(patient).unsign(request.COOKIES.get(_name(patient), "")))
    except (BadSignature, ValueError):
        return False
    return 0 <= now.timestamp() - made + 1 <= REMEMBERED_FOR.total_seconds()


def remember(response: HttpResponse, patient: Patient, now: datetime) -> None:
    """Let this browser see what is clinical of `patient` for 12 hours."""
    response.set_cookie(
        _name(patient),
        _signer(patient).sign(str(int(now.timestamp()))),
        max_age=REMEMBERED_FOR,
        path=PATH,
        secure=settings.SECURE_COOKIES,
        httponly=True,
        samesite="Lax",  # Strict would ask again whoever comes from a mail program in the same browser
    )


def _name(patient: Patient) -> str:
    """One cookie a patient: a family may read its mail on one device."""
    return f"known_{sha256(patient.pk.bytes).hexdigest()[:12]}"


def _signer(patient: Patient) -> Signer:
    # With the generation: revoking a patient's links makes every browser ask again.
    return Signer(salt=f"patient known {patient.pk} {patient.link_generation}", sep=".")
