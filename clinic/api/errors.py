"""How the API says no: one body for every refusal, `{type, errors: [{code, detail, attr}], extra?}`.

Input never answers 500: what a service, a constraint or PostgreSQL refuses is put into words here. What is left is a
defect, and is logged as one.
"""

import logging
from collections.abc import Mapping
from dataclasses import asdict
from itertools import chain
from typing import Any

from django.core.exceptions import BadRequest, ObjectDoesNotExist, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from drf_standardized_errors.types import CLIENT_ERROR, SERVER_ERROR, VALIDATION_ERROR, Error
from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail, NotFound, ParseError, ValidationError
from rest_framework.fields import get_error_detail
from rest_framework.response import Response
from rest_framework.settings import api_settings

from clinic.constraints import refusal_of
from clinic.errors import Busy, Conflict, Invalid, Refusal, SlotTaken, Stale

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 1
STATUS_OF: Mapping[type[Refusal], int] = {
    Invalid: status.HTTP_400_BAD_REQUEST,
    Conflict: status.HTTP_409_CONFLICT,
    Stale: status.HTTP_412_PRECONDITION_FAILED,
    Busy: status.HTTP_503_SERVICE_UNAVAILABLE,
}


class Refused(APIException):
    """A refusal on its way to the client."""

    def __init__(self, refusal: Refusal, status_code: int) -> None:
        super().__init__(refusal.detail, refusal.code)
        self.refusal = refusal
        self.status_code = status_code
        if status_code == status.HTTP_503_SERVICE_UNAVAILABLE:
            self.wait = RETRY_AFTER_SECONDS


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = "The body is too large."


class Unprocessable(APIException):
    """An `Idempotency-Key` that came with another request before."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used for another request. Use a new key for each request."


class Handler(ExceptionHandler):
    """Puts every exception of ours, Django's and PostgreSQL's into the API's words."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, ModelValidationError):
            exc = _from_model(exc)
        elif isinstance(exc, DatabaseError | InterfaceError):
            exc = _from_database(exc) or exc
        if isinstance(exc, Refusal):
            return Refused(exc, next(code for kind, code in STATUS_OF.items() if isinstance(exc, kind)))
        if isinstance(exc, RequestDataTooBig):
            return TooLarge()
        if isinstance(exc, SuspiciousOperation | BadRequest):
            return ParseError("The request is malformed.")
        if isinstance(exc, ObjectDoesNotExist):  # it was there when the address was looked up, and is gone by now
            return NotFound()
        if isinstance(exc, OverflowError):
            log.warning("a number or date overflowed", exc_info=exc)
            return ValidationError({_no_field(): [ErrorDetail("A number or date is out of range.", "out_of_range")]})
        return super().convert_known_exceptions(exc)

    def set_rollback(self) -> None:
        """Services own their transactions."""

    def report_exception(self, exc: APIException, response: Response) -> None:
        """Only a defect is reported as one; a refusal is an answer, 503 included."""
        if not isinstance(exc, Refused):
            super().report_exception(exc, response)


class Formatter(ExceptionFormatter):
    """The body. A refusal brings its own errors and says more in `extra`."""

    def run(self) -> dict[str, Any]:
        if not isinstance(self.exc, Refused):
            body: dict[str, Any] = super().run()
            return body
        refusal = self.exc.refusal
        found: tuple[Refusal, ...] = (refusal,)
        if isinstance(refusal, Invalid):
            kind, missing = VALIDATION_ERROR, _no_field()
            found += refusal.others
        else:
            kind, missing = (SERVER_ERROR if self.exc.status_code >= 500 else CLIENT_ERROR), None
        errors = [asdict(Error(one.code, str(one.detail), one.attr or missing)) for one in found]
        return {"type": kind, "errors": errors} | ({"extra": refusal.extra} if refusal.extra else {})


def _no_field() -> str:
    return str(api_settings.NON_FIELD_ERRORS_KEY)


def _from_model(error: ModelValidationError) -> Exception:
    """A model's own validation: 400, except for an exclusion constraint, which is a conflict."""
    found = chain(*error.error_dict.values()) if hasattr(error, "error_dict") else error.error_list
    for one in found:
        if one.code == SlotTaken.code:
            return SlotTaken(" ".join(one.messages))
    return ValidationError(get_error_detail(error))


def _from_database(error: Exception) -> Exception | None:
    if isinstance(error, IntegrityError):
        return refusal_of(error)
    if isinstance(error, DataError):
        log.warning("PostgreSQL refused a value", exc_info=error)
        return Invalid("A value cannot be stored: it is out of range or malformed.")
    if isinstance(error, OperationalError | InterfaceError):
        log.warning("the database did not answer in time", exc_info=error)
        return Busy("Somebody else is working on the same records, or the database is busy. Try again in a moment.")
    return None
