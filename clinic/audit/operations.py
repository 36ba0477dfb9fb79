"""A migration operation that installs all triggers of a first migration at once.

pgtrigger's `AddTrigger` re-renders every related model for each trigger: ten seconds for our first migrations, where
the state is known from `CreateModel` already. Later migrations use `AddTrigger` as pgtrigger writes it.
"""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from pgtrigger.migrations import _add_trigger, _remove_trigger


class InstallTriggers(Operation):
    """Install the triggers that the app's models declare in their options."""

    reduces_to_sql = True
    reversible = True

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self._each(app_label, schema_editor, to_state, _add_trigger)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self._each(app_label, schema_editor, to_state, _remove_trigger)

    def describe(self) -> str:
        return "Install the triggers of the models above"

    @staticmethod
    def _each(app_label: str, schema_editor: BaseDatabaseSchemaEditor, state: ProjectState, act: Any) -> None:
        for (label, name), model_state in state.models.items():
            if label == app_label:
                for trigger in model_state.options.get("triggers", []):
                    act(schema_editor, state.apps.get_model(label, name), trigger)
