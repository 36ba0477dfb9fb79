"""What a service raises when it refuses. HTTP, the console and commands each say it in their own way."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from clinic.text import says_nothing


@dataclass(frozen=True, slots=True)
class SoftWarning:
    """Something a person should look at; it refuses nothing. The API returns it under `warnings`."""

    attr: str
    code: str
    detail: str


class Refusal(Exception):
    """A request that was understood and refused; nothing was changed.

    `code` is for programs, `detail` for people, `attr` names the field concerned, `extra` says more: what takes a
    search is given as a function.
    """

    code = "refused"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        attr: str | None = None,
        extra: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.attr = attr
        self._extra = extra or {}

    @cached_property
    def extra(self) -> dict[str, Any]:
        """Searched for when somebody first asks: as a rule the transaction has ended then, and nobody waits for it."""
        return dict(self._extra() if callable(self._extra) else self._extra)


class Invalid(Refusal):
    """The input itself is wrong, whatever the state: one or several fields."""

    code = "invalid"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        attr: str | None = None,
        others: Iterable["Invalid"] = (),
    ) -> None:
        super().__init__(detail, code=code, attr=attr)
        self.others = tuple(others)

    @classmethod
    def gather(cls, found: Iterable["Invalid"]) -> None:
        """Raise all of `found` as one; do nothing if there is none."""
        faults = list(found)
        if faults:
            first, *others = faults
            raise cls(first.detail, code=first.code, attr=first.attr, others=others)


class DoesNotExist(Invalid):
    """A referenced object is absent, or not visible to the caller: the same words for both."""

    code = "does_not_exist"

    def __init__(self, value: object, *, attr: str) -> None:
        super().__init__(f'Invalid pk "{value}" - object does not exist.', attr=attr)


class Conflict(Refusal):
    """The input is fine, but not in the present state."""

    code = "conflict"


class InvalidTransition(Conflict):
    """An act that the present state does not allow."""

    code = "invalid_transition"

    def __init__(self, what: str, state: str, act: str, allowed: Iterable[str]) -> None:
        names = sorted(str(item.value if isinstance(item, Enum) else item) for item in allowed)
        super().__init__(
            f"{what} is {state.replace('_', ' ')}; {act} is possible only when it is "
            f"{' or '.join(name.replace('_', ' ') for name in names)}.",
            extra={"state": str(state), "allowed": names},
        )


class SlotTaken(Conflict):
    """Practitioner, room or patient is booked at that time."""

    code = "slot_taken"


class TooEarly(Conflict):
    """Before the earliest date that a rule allows."""

    code = "too_early"


class GateBlocked(Conflict):
    """One or several safety gates are closed; `extra["gates"]` says which and what opens each."""

    code = "gate_blocked"


class Stale(Refusal):
    """The caller acted on an older version of the record than the present one."""

    code = "stale"


class Busy(Refusal):
    """A lock was not had in time. Nothing was changed; the same request may succeed in a moment."""

    code = "busy"


def require_reason(reason: str, detail: str = "Say why.") -> None:
    """Refuse an act that leaves no reason behind."""
    if says_nothing(reason):
        raise Invalid(detail, code="required", attr="reason")


def check_allowed(what: str, status: str, act: str, allowed: frozenset[Any]) -> None:
    """Refuse `act` unless `status` is in its allowed-from set."""
    if status not in allowed:
        raise InvalidTransition(what, status, act, allowed)
