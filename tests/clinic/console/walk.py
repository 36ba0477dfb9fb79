"""Every page and every transition of the console, as the admin site has them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.urls import reverse

from clinic.access.roles import GRANTS, Role, roles_that_may
from clinic.console.acts import Act

ADD_NEEDS = {
    "patients.allergy": ("patient", "patients.patient"),
    "patients.historyentry": ("patient", "patients.patient"),
    "plans.consultation": ("patient", "patients.patient"),
    "plans.treatmentplan": ("consultation", "plans.consultation"),
    "plans.followup": ("consultation", "plans.consultation"),
    "plans.contactattempt": ("patient", "patients.patient"),
    "plans.appointment": ("patient", "patients.patient"),
    "plans.waitlistentry": ("patient", "patients.patient"),
}
"""What the address of a form names, and the resource it is of."""
MADE_ELSEWHERE = {
    "patients.consent",
    "plans.proceduresession",
    "plans.patientmessage",
    "plans.protocolrollout",
}
"""Rows that come with something else: nobody adds them here, whatever the role table says of the API."""
DELETED_BY_AN_ACT = {"plans.protocol"}
"""No page of its own: a dialog deletes, where nothing follows."""
NO_LIST = {"patients.allergy", "patients.historyentry", "patients.consent", "plans.contactattempt"}
"""Read on the page of what they belong to."""
HISTORY_NEEDS = dict.fromkeys(
    ("patients.consent", "plans.treatmentplan", "plans.proceduresession", "plans.followup"), "view_clinical"
)


@dataclass(frozen=True)
class Page:
    """One address of the console."""

    resource: str
    kind: str
    act: Act | None = None

    def __str__(self) -> str:
        return f"{self.resource} {self.act.name if self.act else self.kind}"

    @property
    def allowed(self) -> frozenset[Role]:
        """The roles that the role table lets in."""
        if self.act is not None:
            resource = self.act.resource or self.resource
            assert self.act.grant in GRANTS[resource], f"{self}: the role table does not list it"
            return roles_that_may(resource, self.act.grant)
        if self.kind == "add":
            return frozenset() if self.resource in MADE_ELSEWHERE else roles_that_may(self.resource, "add")
        if self.kind == "history":
            needed = HISTORY_NEEDS.get(self.resource, "view")
            nobody = self.resource == "plans.patientmessage"
            return frozenset() if nobody else roles_that_may(self.resource, needed)
        if self.kind == "delete" and self.resource in DELETED_BY_AN_ACT:
            return frozenset()
        return roles_that_may(self.resource, {"list": "view", "change": "view", "delete": "delete"}[self.kind])

    @property
    def is_of_a_row(self) -> bool:
        return self.kind not in ("list", "add")

    def path(self, rows: dict[str, Any]) -> str:
        """The page's address for the example row."""
        name = self.act.name if self.act else {"list": "changelist"}.get(self.kind, self.kind)
        url_name = f"admin:{self.resource.replace('.', '_')}_{name}"
        if not self.is_of_a_row:
            query = ADD_NEEDS.get(self.resource) if self.kind == "add" else None
            return reverse(url_name) + (f"?{query[0]}={rows[query[1]].pk}" if query else "")
        return reverse(url_name, args=[rows[self.resource].pk])


def pages() -> Iterator[Page]:
    """Every page of every admin, and every transition."""
    for model, model_admin in admin.site._registry.items():
        resource = model._meta.label_lower
        for kind in ("list", "add", "change", "history", "delete"):
            yield Page(resource, kind)
        for act in model_admin.acts().values():  # type: ignore[attr-defined]
            yield Page(resource, "act", act)
