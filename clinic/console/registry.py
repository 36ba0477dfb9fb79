"""What upper rooms put into the console's shell: jobs in the sidebar, sections of Today, panels of a patient's page.

The shell knows none of them. A room's `admin.py` registers at start; what is not registered does not exist.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from django.db.models import QuerySet
from django.urls import reverse

from clinic.console.reader import Reader
from clinic.records import Record


@dataclass(frozen=True, slots=True)
class Job:
    """One entry of the sidebar."""

    title: str
    url_name: str
    icon: str
    resource: str
    """Who may see this line of the role table sees the entry."""
    position: int
    group: Literal["daily", "set_up"] = "daily"
    badge: Callable[[Reader], int] | None = None
    """How many need somebody; nothing is shown for none."""
    action: str = "view"
    also: tuple[str, ...] = ()
    """Other lists that its page leads to: on them the entry is the present one too."""


@dataclass(frozen=True, slots=True)
class Block:
    """One titled part of a page, with its template and what that needs."""

    title: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    count: int | None = None
    is_wide: bool = False
    """Stands in the main column; the others stand beside it."""
    link: tuple[str, str] | None = None
    """What it says, and its address."""


Of = TypeVar("Of")


@dataclass(frozen=True, slots=True)
class Contribution(Generic[Of]):
    position: int
    make: Callable[[Reader, Of], Block | None]


_jobs: list[Job] = []
_today: list[Contribution[None]] = []
_patient: list[Contribution[Record]] = []
_location: list[Contribution[Record]] = []
_notices: list[Contribution[Record]] = []


def job(entry: Job) -> None:
    """Put an entry into the sidebar."""
    _jobs.append(entry)
    _jobs.sort(key=lambda one: one.position)


def jobs(group: str) -> list[Job]:
    """The entries of one group, in order."""
    return [entry for entry in _jobs if entry.group == group]


def today_section(position: int) -> Callable[[Callable[[Reader], Block | None]], Callable[[Reader], Block | None]]:
    """Register a section of Today: from the reader to a block, or None where it does not concern them."""

    def register(make: Callable[[Reader], Block | None]) -> Callable[[Reader], Block | None]:
        _today.append(Contribution(position, lambda reader, _: make(reader)))
        _today.sort(key=lambda one: one.position)
        return make

    return register


def today_sections(reader: Reader) -> list[Block]:
    """What Today shows this reader, in order."""
    return [block for one in _today if (block := one.make(reader, None)) is not None]


Panel = Callable[[Reader, Any], Block | None]


def patient_panel(position: int) -> Callable[[Panel], Panel]:
    """Register a panel of a patient's page: a block, or None where it does not concern the reader."""

    def register(make: Panel) -> Panel:
        _patient.append(Contribution(position, make))
        _patient.sort(key=lambda one: one.position)
        return make

    return register


def patient_notice(position: int) -> Callable[[Panel], Panel]:
    """Register what stands at the head of a patient's page, before who they are: a block without a title, or None."""

    def register(make: Panel) -> Panel:
        _notices.append(Contribution(position, make))
        _notices.sort(key=lambda one: one.position)
        return make

    return register


def location_panel(position: int) -> Callable[[Panel], Panel]:
    """Register a panel of a location's page: a block, or None where it does not concern the reader."""

    def register(make: Panel) -> Panel:
        _location.append(Contribution(position, make))
        _location.sort(key=lambda one: one.position)
        return make

    return register


def location_panels(reader: Reader, location: Record) -> list[Block]:
    """What a location's page shows this reader beside its form, in order."""
    return [block for one in _location if (block := one.make(reader, location)) is not None]


def patient_panels(reader: Reader, patient: Record) -> list[Block]:
    """What the patient's page shows this reader, in order."""
    return [block for one in _patient if (block := one.make(reader, patient)) is not None]


def patient_notices(reader: Reader, patient: Record) -> list[Block]:
    """What the head of the patient's page shows this reader, in order."""
    return [block for one in _notices if (block := one.make(reader, patient)) is not None]


@dataclass(frozen=True, slots=True)
class Found:
    """One result of the search."""

    title: str
    detail: str
    url: str
    icon: str


Finder = Callable[[Reader, str], list[Found]]
_finders: list[Finder] = []


def finder(search: Finder) -> Finder:
    """Register a search: from reader and text to what they may see of it, a few at most."""
    _finders.append(search)
    return search


def find(reader: Reader, text: str) -> list[Found]:
    """What every finder finds for `text`."""
    return [found for search in _finders for found in search(reader, text)]


@dataclass(frozen=True, slots=True)
class Remedy:
    """Where a person goes about a warning."""

    title: str
    resource: str
    """Who may see this line of the role table is led there."""
    url: Callable[[], str]


_remedies: dict[str, Remedy] = {}


def remedy(code: str, found: Remedy) -> None:
    """Register what can be done about the warnings of this code."""
    _remedies[code] = found


def remedy_of(reader: Reader, code: str) -> Remedy | None:
    """What this reader can do about a warning of this code; None where nothing is registered or allowed."""
    found = _remedies.get(code)
    return found if found is not None and reader.may(found.resource, "view") else None


_search_lists: list[tuple[str, str]] = []


def search_list(url_name: str, resource: str) -> None:
    """Register the list that the search box of every page asks."""
    _search_lists.append((url_name, resource))


def search_address(reader: Reader) -> str | None:
    """The address of the list this reader can search; None where there is none."""
    return next((reverse(url_name) for url_name, resource in _search_lists if reader.may(resource, "view")), None)


@dataclass(frozen=True, slots=True)
class PatientColumn:
    """A column of the patients' list that an upper room knows."""

    title: str
    annotate: Callable[[QuerySet[Any]], QuerySet[Any]]
    """Adds what `show` reads; the number of queries stays the same."""
    show: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class PatientLink:
    """A button of a patient's page that leads to an upper room's page."""

    title: str
    icon: str
    resource: str
    action: str
    url: Callable[[Any], str]
    is_offered: Callable[[Any], bool] = lambda _: True
    """Whether it makes sense for this patient; asked only of who may. One query at most."""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A button in the header of some pages, and the key that presses it there."""

    title: str
    icon: str
    key: str
    resources: tuple[tuple[str, str], ...]
    """Lines and actions of the role table; who has all of them has the button."""
    url_name: str
    on: tuple[str, ...]
    """The names of those pages' addresses."""


_shortcuts: list[Shortcut] = []


def shortcut(entry: Shortcut) -> None:
    """Put a button into the header of the pages that it names."""
    _shortcuts.append(entry)


def shortcuts(reader: Reader, page: str) -> list[tuple[Shortcut, str]]:
    """The buttons of the page whose address has this name, each with where it leads."""
    return [
        (entry, reverse(entry.url_name))
        for entry in _shortcuts
        if page in entry.on and all(reader.may(*wanted) for wanted in entry.resources)
    ]


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Where somebody is registered whom a search did not find."""

    title: str
    icon: str
    resources: tuple[tuple[str, str], ...]
    """Lines and actions of the role table; who has all of them is led there."""
    url: Callable[[str], str]
    """From what was searched for to the address of the page that begins with it."""


_newcomers: list[Newcomer] = []


def newcomer(entry: Newcomer) -> None:
    """Offer a way to register whom a search of patients did not find."""
    _newcomers.append(entry)


def newcomers(reader: Reader, text: str) -> list[tuple[str, str, str]]:
    """Title, icon and address of each way in which this reader may register whom `text` did not find."""
    return [
        (entry.title, entry.icon, entry.url(text))
        for entry in _newcomers
        if all(reader.may(*wanted) for wanted in entry.resources)
    ]


_patient_columns: list[PatientColumn] = []
_patient_links: list[PatientLink] = []


def patient_column(column: PatientColumn) -> None:
    """Register a column of the patients' list."""
    _patient_columns.append(column)


def patient_columns() -> list[PatientColumn]:
    """The columns of upper rooms, in the order of their registration."""
    return list(_patient_columns)


def patient_link(link: PatientLink) -> None:
    """Register a button of a patient's page."""
    _patient_links.append(link)


def patient_links(reader: Reader, patient: Record) -> list[tuple[str, str, str]]:
    """Title, icon and address of what this reader may begin for this patient."""
    return [
        (link.title, link.icon, link.url(patient))
        for link in _patient_links
        if reader.may_on(link.action, patient, link.resource) and link.is_offered(patient)
    ]
