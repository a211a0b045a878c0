"""First migrations: models that point at each other are made together, and unmade."""

import pytest
from django.db import connection, models
from django.db.migrations import CreateModel
from django.db.migrations.state import ProjectState

from loyalty.kernel.migrating import CreateModels


def _pointing(name: str, other: str) -> CreateModel:
    return CreateModel(
        name,
        [
            ("id", models.BigAutoField(primary_key=True)),
            (other, models.ForeignKey(f"loyalty.{other}", models.CASCADE)),
        ],
    )


TOGETHER = CreateModels([_pointing("Hen", "egg"), _pointing("Egg", "hen")])
TABLES = {"loyalty_hen", "loyalty_egg"}


@pytest.mark.django_db
def test_models_that_point_at_each_other_are_created_and_dropped_together() -> None:
    empty, full = ProjectState(), ProjectState()
    TOGETHER.state_forwards("loyalty", full)

    with connection.schema_editor() as editor:
        TOGETHER.database_forwards("loyalty", editor, empty, full)
    assert set(connection.introspection.table_names()) >= TABLES
    with connection.cursor() as cursor:
        assert connection.introspection.get_relations(cursor, "loyalty_hen") == {"egg_id": ("id", "loyalty_egg")}
        assert connection.introspection.get_relations(cursor, "loyalty_egg") == {"hen_id": ("id", "loyalty_hen")}

    with connection.schema_editor() as editor:
        TOGETHER.database_backwards("loyalty", editor, full, empty)
    assert not TABLES & set(connection.introspection.table_names())


def test_what_was_rendered_before_knows_the_models_afterwards() -> None:
    state = ProjectState()
    assert not list(state.apps.get_models())

    TOGETHER.state_forwards("loyalty", state)
    assert {model.__name__ for model in state.apps.get_models()} == {"Hen", "Egg"}
