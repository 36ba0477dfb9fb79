"""The one place that turns a constraint's refusal into words for a person."""

import re
from collections.abc import Mapping
from functools import cache

from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError
from django.db.models import BaseConstraint, CheckConstraint, Model, ProtectedError, RestrictedError, UniqueConstraint

from clinic.errors import Conflict, Invalid, Refusal, SlotTaken

NOT_NULL, FOREIGN_KEY, UNIQUE = "23502", "23503", "23505"


def refusal_of(error: IntegrityError) -> Refusal | None:
    """What to tell about `error`; None where it is no constraint of ours, which is a defect.

    A constraint with a `violation_error_code` of its own is a conflict with other rows (`SlotTaken` for `slot_taken`);
    any other says that the input is wrong.
    """
    if isinstance(error, ProtectedError | RestrictedError):
        return Conflict("Other records refer to this one.", code="in_use")
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis is None:
        return None
    if constraint := _constraints().get(diagnosis.constraint_name or ""):
        # Without a message of its own it guards against us, not against input: that is a defect, and logged as one.
        return _say(constraint) if _has_words(constraint) else None
    columns = re.search(r"Key \((\w+)\)=", diagnosis.message_detail or "")
    attr = _field_of(diagnosis.table_name, columns.group(1)) if columns else None
    if diagnosis.sqlstate == UNIQUE:
        return Invalid("This is in use already.", code="unique", attr=attr)
    if diagnosis.sqlstate == FOREIGN_KEY:
        return Invalid("A record that this refers to does not exist.", code="does_not_exist", attr=attr)
    if diagnosis.sqlstate == NOT_NULL:
        return Invalid(
            "This may not be null.", code="null", attr=_field_of(diagnosis.table_name, diagnosis.column_name)
        )
    return None


def constraint_name(error: IntegrityError) -> str | None:
    """The name of the constraint that refused, if PostgreSQL says."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return diagnosis.constraint_name if diagnosis else None


def _has_words(constraint: BaseConstraint) -> bool:
    is_check = isinstance(constraint, CheckConstraint)
    return not is_check or constraint.violation_error_message != constraint.default_violation_error_message


def _say(constraint: BaseConstraint) -> Refusal:
    detail = str(constraint.get_violation_error_message())
    code = constraint.violation_error_code
    if code == SlotTaken.code:
        return SlotTaken(detail)
    if code:
        return Conflict(detail, code=code)
    if isinstance(constraint, UniqueConstraint):
        return Invalid(detail, code="unique", attr=constraint.fields[0] if len(constraint.fields) == 1 else None)
    return Invalid(detail)


def _field_of(table: str | None, column: str | None) -> str | None:
    for model in apps.get_models():
        if model._meta.db_table == table:
            return next((field.name for field in model._meta.concrete_fields if field.column == column), None)
    return None


@cache
def _constraints() -> Mapping[str, BaseConstraint]:
    return {constraint.name: constraint for model in apps.get_models() for constraint in model._meta.constraints}


def check_model(instance: Model) -> None:
    """Refuse what the model's fields and constraints do not allow, naming every field, before the database has to.

    Raises `Invalid` for all of it at once; a constraint with a code of its own raises its `Conflict`.
    """
    try:
        instance.full_clean()
    except ValidationError as error:
        faults: list[Invalid] = []
        for name, found in error.error_dict.items():
            for one in found:
                if one.code == SlotTaken.code:
                    raise SlotTaken(" ".join(one.messages)) from None
                attr = None if name == NON_FIELD_ERRORS else name
                faults.append(Invalid(" ".join(one.messages), code=one.code, attr=attr))
        Invalid.gather(faults)
