"""What must have held, asked afterwards: of the journal, the rows as they ended, and what the mail server took."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.faults.journal import Entry

NOTICE_OF = {"book": "confirmation", "move": "changed", "cancel": "cancelled"}


@dataclass(frozen=True, slots=True)
class Row:
    """A message as the run left it."""

    id: str
    kind: str
    status: str
    reason: str
    patient: str
    visit: str
    revision: int
    due_at: datetime
    settled_at: datetime | None

    def __str__(self) -> str:
        return f"The {self.kind} {self.id} ({self.status})"


@dataclass(slots=True)
class Verdict:
    """What a run came to. `violations`: each a sentence; none where every promise was kept."""

    faults: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    ops: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    once: int = 0
    twice: int = 0
    lost: int = 0
    begun_after: int = 0
    wrong: int = 0
    """Delivered, and recorded as if it had not been."""
    unplanned: int = 0
    """Acts of the desk whose mail was never planned."""
    violations: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return sum(number for kind, number in self.faults.items() if kind.startswith("SIGKILL"))

    def __str__(self) -> str:
        faults = [f"| {kind} | {number:,} |" for kind, number in sorted(self.faults.items())]
        points = [f"| &nbsp;&nbsp;{point} | {number:,} |" for point, number in sorted(self.points.items())]
        at_points = next((at + 1 for at, line in enumerate(faults) if "at a point" in line), len(faults))
        ended = ", ".join(f"{number:,} {status}" for status, number in self.statuses.most_common())
        done = ", ".join(f"{number:,} {act}" for act, number in self.ops.most_common())
        figures = {
            "kills (SIGKILL)": self.kills,
            "messages": self.statuses.total(),
            "delivered once": self.once,
            "delivered twice": self.twice,
            "lost: neither delivered, nor failed, nor on a person’s list": self.lost,
            "unknown, on a person’s list": self.statuses["unknown"],
            "delivered, and recorded otherwise": self.wrong,
            "begun after a cancellation, a move or an opt-out had committed": self.begun_after,
            "acts of the desk without their mail": self.unplanned,
        }
        lines = ["| fault | times |", "|---|--:|", *faults[:at_points], *points, *faults[at_points:], ""]
        lines += ["| outcome | |", "|---|--:|", *(f"| {name} | {number:,} |" for name, number in figures.items()), ""]
        lines += [f"Acts of the desk: {done}.", f"How messages ended: {ended}."]
        return "\n".join(lines)


def check(journal: Sequence[Entry], rows: Mapping[str, Row], now: datetime) -> Verdict:
    """Judge a run that has come to rest. `rows` by key; `now` by the run's clock."""
    verdict = Verdict()
    verdict.statuses.update(row.status for row in rows.values())
    for entry in journal:
        if entry.event == "fault":
            verdict.faults[entry.facts["kind"]] += 1
        elif entry.event == "killed":
            verdict.faults["SIGKILL of a worker at a point"] += 1
            verdict.points[entry.facts["point"]] += 1
        elif entry.event == "done":
            verdict.ops[entry.facts["act"]] += 1
    _delivered_at_most_once(verdict, Counter(_of(journal, "took")), rows)
    _none_lost(verdict, Counter(_of(journal, "took")), rows, now)
    _none_begun_in_vain(verdict, journal, rows)
    _all_planned(verdict, journal, rows)
    return verdict


def _of(journal: Iterable[Entry], event: str) -> list[str]:
    return [entry.facts["message"] for entry in journal if entry.event == event]


def _delivered_at_most_once(verdict: Verdict, taken: Counter[str], rows: Mapping[str, Row]) -> None:
    for message, number in taken.items():
        if message not in rows:
            verdict.violations.append(f"The mail server took {message}, which is no message.")
        elif number > 1:
            verdict.twice += 1
            verdict.violations.append(f"{rows[message]} was delivered {number} times.")
        else:
            verdict.once += 1


def _none_lost(verdict: Verdict, taken: Counter[str], rows: Mapping[str, Row], now: datetime) -> None:
    """Delivered is recorded as sent or unknown; sent was delivered; whatever was due is settled, with a reason."""
    for row in rows.values():
        if taken[row.id] and row.status not in ("sent", "unknown"):
            verdict.wrong += 1
            verdict.violations.append(f"{row} was delivered.")
        if row.status == "sent" and not taken[row.id]:
            verdict.lost += 1
            verdict.violations.append(f"{row} never reached the mail server.")
        if row.status == "sending" or (row.status == "pending" and row.due_at <= now):
            verdict.lost += 1
            verdict.violations.append(f"{row} is overdue, and nobody sees to it.")
        if row.status == "expired" and row.settled_at is not None and row.settled_at > now:
            verdict.lost += 1
            verdict.violations.append(f"{row} was closed by a clock that was wrong, and nobody opened it again.")
        if row.status not in ("sent", "pending", "sending") and not row.reason:
            verdict.lost += 1
            verdict.violations.append(f"{row} ended without a reason.")


def _none_begun_in_vain(verdict: Verdict, journal: Sequence[Entry], rows: Mapping[str, Row]) -> None:
    """No *sending* whose commit had not even been asked for when a cancellation, move or opt-out had committed."""
    changed: dict[str, list[tuple[int, int]]] = defaultdict(list)
    off: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    asked: dict[tuple[str, str], int] = {}
    for entry in journal:
        facts = entry.facts
        if entry.event == "begins":
            asked[entry.who, facts["message"]] = entry.at
        elif entry.event == "done" and facts["act"] in ("move", "cancel", "undo"):
            changed[facts["visit"]].append((entry.at, facts["revision"]))
        elif entry.event == "done" and facts["act"] == "opt out":
            off[facts["patient"]].append((entry.at, True))
        elif entry.event == "op" and facts["act"] == "opt in":
            off[facts["patient"]].append((entry.at, False))  # as soon as it is asked for, mail may be wanted
        elif entry.event == "begun":
            at, row = asked[entry.who, facts["message"]], rows[facts["message"]]
            is_replaced = any(then < at and row.revision < revision for then, revision in changed[row.visit])
            switches = [is_off for then, is_off in off[row.patient] if then < at]
            if is_replaced or (switches and switches[-1]):
                verdict.begun_after += 1
                verdict.violations.append(f"{row} was begun after it had become untrue or unwanted.")


def _all_planned(verdict: Verdict, journal: Iterable[Entry], rows: Mapping[str, Row]) -> None:
    planned = {(row.visit, row.revision, row.kind) for row in rows.values()}
    known: set[tuple[str, int]] = set()
    for entry in journal:
        if entry.event == "done" and entry.facts["act"] in NOTICE_OF:
            visit, revision, kind = entry.facts["visit"], entry.facts["revision"], NOTICE_OF[entry.facts["act"]]
            is_new = (visit, revision) not in known  # a move to where the visit is changes nothing
            known.add((visit, revision))
            if is_new and (visit, revision, kind) not in planned:
                verdict.unplanned += 1
                verdict.violations.append(f"The {kind} of revision {revision} of {visit} was never planned.")
