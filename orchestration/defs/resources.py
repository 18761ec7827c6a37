"""Resources: what assets reach the outside with. Paths come from the settings of the process that runs the asset.

Belongs here: which object serves which name. Does not belong here: what the objects do (`orchestration.lib`).
"""

import dagster as dg
from dagster_dbt import DbtCliResource

from orchestration.lib.dbt_translator import DBT
from orchestration.lib.warehouse import WarehouseResource
from orchestration.settings import get_settings


@dg.definitions
def resources() -> dg.Definitions:
    """Resources by the names that assets ask for."""
    project = get_settings().dbt_project
    return dg.Definitions(
        resources={
            "warehouse": WarehouseResource(),
            "dbt": DbtCliResource(project_dir=project, profiles_dir=project, dbt_executable=DBT),
        }
    )
