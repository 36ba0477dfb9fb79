"""Codes of what a clinic keeps: two that differ only in case are one."""

from clinic.errors import Invalid
from plans.protocols.models import CareTopic, IntervalRule, Protocol


def check_code_is_free(model: type[CareTopic | IntervalRule | Protocol], code: str) -> None:
    """Raises `Invalid` where a row of the model has this code in other letters, large or small."""
    taken = model.objects.filter(code__iexact=code).exclude(code=code).values_list("code", flat=True).first()
    if taken is not None:
        raise Invalid(
            f"“{code}” and “{taken}” are one code: large and small letters are no difference, and “{taken}” is taken.",
            code="unique",
            attr="code",
        )
