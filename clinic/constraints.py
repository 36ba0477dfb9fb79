"""The one place that turns a constraint's refusal into words for a person."""

import re
from collections.abc import Mapping
from functools import cache

from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError
from django.db.models import (
    BaseConstraint,
    CharField,
    CheckConstraint,
    Model,
    ProtectedError,
    RestrictedError,
    TextField,
    UniqueConstraint,
)

from clinic.columns import out_of_range, refusal_at
from clinic.errors import Conflict, Invalid, Refusal, SlotTaken
from clinic.text import tidied

NOT_NULL, FOREIGN_KEY, UNIQUE = "23502", "23503", "23505"
LONGEST_LINE = 200
"""A column of at most so many characters is one line: a name, a title, a street."""


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


def clean_model(instance: Model) -> None:
    """Trim the texts of `instance`, then refuse what its fields and constraints do not allow.

    Raises `Invalid` that names every field at once; a constraint with a code of its own raises its `Conflict`.
    """
    trim_texts(instance)
    faults = out_of_range(instance)
    try:
        instance.full_clean(exclude={fault.attr for fault in faults if fault.attr})
    except ValidationError as error:
        faults += faults_of(instance, error)
    Invalid.gather(faults)


def trim_texts(instance: Model) -> None:
    """Take what nobody sees off every text of `instance`; one that says nothing becomes empty, a short one one line."""
    for column in instance._meta.concrete_fields:
        text = getattr(instance, column.attname)
        if isinstance(column, CharField | TextField) and isinstance(text, str):
            one_line = (column.max_length or LONGEST_LINE + 1) <= LONGEST_LINE
            setattr(instance, column.attname, tidied(text, one_line=one_line))


def faults_of(instance: Model, error: ValidationError) -> list[Invalid]:
    """What `error` says of `instance`: each fault names its field, the value, and what is allowed.

    Raises `SlotTaken` for an exclusion constraint.
    """
    columns = {column.name: column for column in instance._meta.concrete_fields}
    faults: dict[tuple[str, str], Invalid] = {}
    for name, found in error.error_dict.items():
        column = columns.get(name)
        for one in found:
            if one.code == SlotTaken.code:
                raise SlotTaken(" ".join(one.messages)) from None
            detail = " ".join(one.messages)
            if column is not None:
                detail = refusal_at(column, getattr(instance, column.attname), one)
            # A number too large has too many digits too: that is one fault.
            faults.setdefault(
                (name, detail), Invalid(detail, code=one.code, attr=None if name == NON_FIELD_ERRORS else name)
            )
    return list(faults.values())
