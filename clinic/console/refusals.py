"""How the console says no: a service's refusal becomes words beside the field, or above the form."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied
from django.db import DataError, IntegrityError, InterfaceError, OperationalError

from clinic.constraints import refusal_of
from clinic.errors import Busy, Invalid, Refusal

log = logging.getLogger(__name__)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what constraints and PostgreSQL refuse within this block into a `Refusal`; what is left is a defect."""
    try:
        yield
    except IntegrityError as error:
        if (refusal := refusal_of(error)) is None:
            raise
        raise refusal from error
    except DataError as error:
        log.warning("PostgreSQL refused a value", exc_info=error)
        raise Invalid("A value cannot be stored: it is out of range or malformed.") from error
    except (OperationalError, InterfaceError) as error:
        log.warning("the database did not answer in time", exc_info=error)
        raise Busy("Somebody else is working on the same records. Nothing was changed; try again.") from error
    except OverflowError as error:
        raise Invalid("A number or date is out of range.") from error
    except PermissionDenied as error:
        if not str(error):
            raise
        raise Refusal(str(error), code="permission_denied") from error


def add_refusal(form: forms.BaseForm, refusal: Refusal, names: Mapping[str, str] | None = None) -> None:
    """Say `refusal` and what else was wrong in `form`, beside the field it is about where the form has that field.

    `names` maps what the service calls a field to what the form calls it.
    """
    others = refusal.others if isinstance(refusal, Invalid) else ()
    for one in (refusal, *others):
        field = (names or {}).get(one.attr or "", one.attr)
        form.add_error(field if field in form.fields else NON_FIELD_ERRORS, in_words(one))


def in_words(refusal: Refusal) -> list[str]:
    """What happened, and what would open each closed gate."""
    gates = refusal.extra.get("gates", ())
    return [refusal.detail, *(gate["detail"] for gate in gates if gate.get("detail"))]
