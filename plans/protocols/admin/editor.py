"""The editor's form: a protocol with its steps as rows, which are added, removed and moved before anything is saved.

The page holds the whole draft. A button that changes the rows posts it and gets it back changed; nothing is written but
by “Save”. Without script each of these is a page of its own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from clinic.console.forms import DateInput, dress
from clinic.people.models import Modality
from plans.protocols.drafts import (
    ANCHORS,
    EACH_SESSION,
    LAST_SESSION,
    MOST_STEPS,
    ONE_SESSION,
    PLAN_START,
    PREVIOUS_SESSION,
    SOURCES,
    SOURCES_IN_WORDS,
    TREATMENTS,
    Fault,
    StepInput,
)
from plans.protocols.models import CareTopic, Protocol, ProtocolStep
from plans.treatment.intervals import Component
from plans.treatment.timeline import CHECK_IN, MAINTENANCE, SESSION

SLOTS = len(Modality)
"""How many modalities a step has room for."""
NUMBERS = (
    "offset_months",
    "offset_days",
    "tolerance_before_days",
    "tolerance_after_days",
    "minimum_interval_days",
    "advised_interval_days",
)
Raw = dict[str, list[str]]
"""One row as the browser sends it: its fields without their prefix."""


class ProtocolForm(forms.Form):
    """What the whole protocol says."""

    code = forms.CharField(max_length=40, help_text="Short and plain, such as prp-monthly. It stays.")
    title = forms.CharField(max_length=120)
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    expectation = forms.CharField(
        label="What the patient is told to expect",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Shown at the proposal and kept with the acceptance. It promises no outcome.",
    )
    evidence = forms.CharField(
        label="Where the intervals come from", required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    change_note = forms.CharField(label="What is different", max_length=500, required=False)
    start_date = forms.DateField(label="A course that starts on", widget=DateInput, required=False)

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ["change_note"] if is_new else ["code"]:
            del self.fields[name]
        dress(self)


class StepForm(forms.Form):
    """One row. Which numbers fit together is not its business: the rules say that of the whole."""

    kind = forms.ChoiceField(choices=ProtocolStep.Kind.choices)
    title = forms.CharField(max_length=120, required=False)
    anchor = forms.ChoiceField(label="Counts from", choices=ProtocolStep.Anchor.choices)
    anchor_session = forms.IntegerField(label="Session no.", required=False)
    offset_months = forms.IntegerField(label="After, months", required=False)
    offset_days = forms.IntegerField(label="After, days", required=False)
    tolerance_before_days = forms.IntegerField(label="Earlier by, days", required=False)
    tolerance_after_days = forms.IntegerField(label="Later by, days", required=False)
    minimum_interval_days = forms.IntegerField(label="Blocked under, days", required=False)
    advised_interval_days = forms.IntegerField(label="Advised from, days", required=False)
    repetitions = forms.IntegerField(label="Times", required=False)
    duration_minutes = forms.IntegerField(label="Takes, minutes", required=False)

    def __init__(self, *args: Any, topics: Sequence[CareTopic], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for slot in range(SLOTS):
            choices = [("", "Nothing more" if slot else "Choose"), *Modality.choices]
            name = f"components.{slot}"
            self.fields[f"{name}.modality"] = forms.ChoiceField(
                label="Then" if slot else "What is given", choices=choices, required=False
            )
            self.fields[f"{name}.needle_length_mm"] = forms.DecimalField(
                label="Needle, mm", required=False, max_digits=6, decimal_places=2
            )
            self.fields[f"{name}.source"] = forms.ChoiceField(
                label="From",
                choices=[("", "Not said"), *((one, SOURCES_IN_WORDS[one].capitalize()) for one in SOURCES)],
                required=False,
            )
        self.fields["care"] = forms.MultipleChoiceField(
            label="Care advice",
            choices=[(topic.code, topic.title) for topic in topics],
            required=False,
            widget=forms.CheckboxSelectMultiple,
        )
        dress(self)
        for bound in self.fields.values():
            if isinstance(bound, forms.IntegerField):
                bound.widget.attrs |= {"min": 0, "inputmode": "numeric"}

    part = ""
    """Which part of the course it is, as `looks.places` says, or else what kind of step."""
    focus = ""
    """Which of its buttons has the keyboard after it was moved."""

    def take_focus(self, control: str) -> None:
        """Give the keyboard to its title or to one of its buttons."""
        if control == "title":
            self.fields["title"].widget.attrs["autofocus"] = True
        self.focus = control

    def add_prefix(self, field_name: str) -> str:
        """The names under which the rules and the API refuse a field: `steps.2.offset_days`."""
        return f"{self.prefix}.{field_name}"

    @property
    def place(self) -> int:
        return int(str(self.prefix).rpartition(".")[2])

    @property
    def slots(self) -> list[tuple[Any, Any, Any]]:
        """For each modality that may be given: which, the needle's length, the source."""
        return [
            (
                self[f"components.{slot}.modality"],
                self[f"components.{slot}.needle_length_mm"],
                self[f"components.{slot}.source"],
            )
            for slot in range(SLOTS)
        ]

    @property
    def care_order(self) -> list[str]:
        """The care advice as the version had it, which boxes alone would not tell."""
        found: list[str] = self.data.getlist(self.add_prefix("care_order"))
        return found

    @property
    def care_count(self) -> int:
        return len(self["care"].value() or [])

    @property
    def kind_in_words(self) -> str:
        kind = self["kind"].value()
        return str(ProtocolStep.Kind(kind).label) if kind in ProtocolStep.Kind else ""

    @property
    def said(self) -> str:
        """Its title as written, for the labels of its buttons."""
        return str(self["title"].value() or "without a title")

    def step(self) -> StepInput:
        """What the row says, without what its kind has no use for."""
        self.is_valid()
        data = self.cleaned_data
        kind = data.get("kind", "")
        anchor = {CHECK_IN: EACH_SESSION, MAINTENANCE: LAST_SESSION}.get(kind, data.get("anchor", ""))
        numbers = {name: data.get(name) or 0 for name in NUMBERS}
        if kind not in TREATMENTS:
            numbers |= {"minimum_interval_days": 0, "advised_interval_days": 0}
        elif data.get("advised_interval_days") is None:
            numbers["advised_interval_days"] = numbers["minimum_interval_days"]
        repetitions = data.get("repetitions")
        return StepInput(
            kind=kind,
            title=data.get("title", ""),
            anchor=anchor,
            anchor_session=data.get("anchor_session") if anchor == ONE_SESSION else None,
            repetitions=repetitions if kind == SESSION and repetitions is not None else 1,
            duration_minutes=None if kind == CHECK_IN else data.get("duration_minutes"),
            components=tuple(self._components()) if kind in TREATMENTS else (),
            care=() if kind == CHECK_IN else tuple(self._care()),
            **numbers,
        )

    def _components(self) -> Iterator[Component]:
        for slot in range(SLOTS):
            modality = self.cleaned_data.get(f"components.{slot}.modality", "")
            if not modality:
                continue
            needle = self.cleaned_data.get(f"components.{slot}.needle_length_mm")
            source = self.cleaned_data.get(f"components.{slot}.source", "")
            yield Component(
                modality,
                needle if modality == Modality.MICRONEEDLING else None,
                source if modality == Modality.STEM_CELL else "",
            )

    def _care(self) -> list[str]:
        """In the order in which it stood, what is new after it."""
        chosen = self.cleaned_data.get("care", [])
        order = self.care_order
        return sorted(chosen, key=lambda code: order.index(code) if code in order else len(order))

    def unreadable(self) -> list[Fault]:
        """What is no number, or no choice."""
        self.is_valid()
        return [
            Fault(
                self.add_prefix(name),
                f"Step {self.place + 1} “{self.said}”: {self.fields[name].label}: {' '.join(found)}",
            )
            for name, found in self.errors.items()
        ]


@dataclass(slots=True)
class Draft:
    """The protocol as it stands in the page."""

    form: ProtocolForm
    rows: list[StepForm]
    base_version: int
    is_adding_next: bool = False
    """Whether the keyboard goes to the button that adds a session: the row it was on is gone."""
    faults: list[Fault] = field(default_factory=list)

    @property
    def steps(self) -> tuple[StepInput, ...]:
        return tuple(row.step() for row in self.rows)

    def unreadable(self) -> list[Fault]:
        """What is wrong before any rule is asked."""
        self.form.is_valid()
        own = [Fault(name, " ".join(found)) for name, found in self.form.errors.items()]
        return [*own, *(fault for row in self.rows for fault in row.unreadable())]

    def tell(self, found: Sequence[Fault]) -> None:
        """Keep these faults, those of one field once."""
        seen: dict[str, Fault] = {}
        for fault in found:
            seen.setdefault(fault.attr, fault)
        self.faults = list(seen.values())

    @property
    def faults_of_all(self) -> list[tuple[str, str]]:
        """What is wrong with no step: the id of the control, and what to say."""
        return [(_id_of(fault.attr), fault.detail) for fault in self.faults if fault.place < 0]

    @property
    def rows_with_faults(self) -> list[tuple[StepForm, list[tuple[str, str]]]]:
        """Each row with what is wrong with it: the id of the control, and what to say."""
        of: dict[int, list[tuple[str, str]]] = {}
        for fault in self.faults:
            of.setdefault(fault.place, []).append((_id_of(fault.attr), fault.detail))
        return [(row, of.get(row.place, [])) for row in self.rows]

    @property
    def first_fault(self) -> str:
        """The id of the control of the first fault from above; empty where there is none."""
        return _id_of(min(self.faults, key=lambda fault: fault.place).attr) if self.faults else ""

    @property
    def start(self) -> date | None:
        if not self.form.is_bound:
            return None
        self.form.is_valid()
        found: date | None = self.form.cleaned_data.get("start_date")
        return found


def draft_of(protocol: Protocol | None, steps: Sequence[StepInput], today: date, topics: Sequence[CareTopic]) -> Draft:
    """The draft with which the editor opens: this version, or a blank one with a first session."""
    is_new = protocol is None
    initial = {"start_date": today}
    if protocol is not None:
        initial |= {name: getattr(protocol, name) for name in ("title", "description", "expectation", "evidence")}
    form = ProtocolForm(initial=initial, is_new=is_new)
    raws = [_raw_of(step) for step in steps] or [_blank(SESSION, ())]
    return Draft(form, _rows(raws, topics), protocol.version_number if protocol is not None else 0)


def draft_posted(data: QueryDict, topics: Sequence[CareTopic], *, is_new: bool) -> Draft:
    """The draft that the page sent, with its rows changed as the button `op` says."""
    raws = _raws(data)
    operation, _, which = data.get("op", "").partition(":")
    place = int(which) if which.isascii() and which.isdigit() and int(which) < len(raws) else None
    focus: tuple[int, str] | None = None
    if operation == "add" and len(raws) < MOST_STEPS:
        focus = (_insert(raws, which), "title")
    elif place is not None and operation == "remove":
        del raws[place]
    elif place is not None and operation in ("up", "down"):
        other = place + (1 if operation == "down" else -1)
        if 0 <= other < len(raws):
            raws[place], raws[other] = raws[other], raws[place]
            at_edge = {0: "down", len(raws) - 1: "up"}
            focus = (other, at_edge.get(other, operation))
    base = data.get("base_version", "0")
    draft = Draft(
        ProtocolForm(data, is_new=is_new),
        _rows(raws, topics),
        int(base) if base.isascii() and base.isdigit() and len(base) < 6 else 0,
        is_adding_next=operation == "remove",
    )
    if focus is not None:
        draft.rows[focus[0]].take_focus(focus[1])
    return draft


def _insert(raws: list[Raw], kind: str) -> int:
    """A session goes after the last session; everything else to the end. Returns its place."""
    kind = kind if kind in ANCHORS else SESSION
    sessions = [number for number, raw in enumerate(raws) if raw.get("kind") == [SESSION]]
    place = sessions[-1] + 1 if kind == SESSION and sessions else len(raws)
    like = raws[sessions[-1]] if sessions and kind in TREATMENTS else {}
    raws.insert(place, _blank(kind, sessions, like))
    return place


def _blank(kind: str, sessions: Sequence[int], like: Mapping[str, list[str]] | None = None) -> Raw:
    """A new row; a session is given what the last one is given."""
    anchors = {SESSION: PREVIOUS_SESSION if sessions else PLAN_START}
    raw: Raw = {"kind": [kind], "anchor": [anchors.get(kind, ANCHORS[kind][-1])], "title": [""]}
    if kind != CHECK_IN:
        raw["duration_minutes"] = ["60" if kind in TREATMENTS else "30"]
    if kind in TREATMENTS:
        kept = re.compile(r"title$|components\.|care|duration_minutes$|minimum_|advised_")
        raw |= {name: list(values) for name, values in (like or {}).items() if kept.match(name)}
    return raw


def _raws(data: QueryDict) -> list[Raw]:
    """The rows that were sent, in their order."""
    found: dict[int, Raw] = {}
    for name in data:
        parts = re.fullmatch(r"steps\.(\d{1,3})\.(.+)", name)
        if parts:
            found.setdefault(int(parts[1]), {})[parts[2]] = data.getlist(name)
    return [found[number] for number in sorted(found)][: MOST_STEPS + 1]


def _raw_of(step: StepInput) -> Raw:
    names = ("kind", "title", "anchor", "anchor_session", *NUMBERS, "repetitions", "duration_minutes")
    raw: Raw = {name: [_text(getattr(step, name))] for name in names}
    for slot, component in enumerate(step.components):
        raw[f"components.{slot}.modality"] = [component.modality]
        raw[f"components.{slot}.needle_length_mm"] = [_text(component.needle_length_mm)]
        raw[f"components.{slot}.source"] = [component.source]
    raw["care"] = raw["care_order"] = list(step.care)
    return raw


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _rows(raws: Sequence[Raw], topics: Sequence[CareTopic]) -> list[StepForm]:
    return [
        StepForm(
            MultiValueDict({f"steps.{place}.{name}": values for name, values in raw.items()}),
            prefix=f"steps.{place}",
            topics=topics,
        )
        for place, raw in enumerate(raws)
    ]


def _id_of(attr: str) -> str:
    """The control of a field; of several boxes, their group."""
    attr = re.sub(r"\.care(\.\d+)?$", ".care_0", attr)
    return f"id_{re.sub(r'[.]components$', '.components.0.modality', attr)}"
