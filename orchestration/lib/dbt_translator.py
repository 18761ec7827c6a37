"""How a dbt resource becomes an asset: key `[layer, name]`, group, kinds, owner, freshness, automation.

Belongs here: the translator, and keeping the manifest that it reads fresh. Does not belong here: running dbt.
"""

import fcntl
import json
import os
import sys
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject

from orchestration.lib.automation import DAILY, ML_OWNERS, OWNERS, WHEN_DEPS_CHANGE
from orchestration.settings import get_settings

# The dbt of this environment, whether or not it is activated.
DBT = Path(sys.executable).parent / "dbt"


class LayerTranslator(DagsterDbtTranslator):
    """Keys are `[schema, name]`, as in every engine; what dbt calls a source `bronze.x` is the asset `bronze/x`."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`[layer, table]` of a model, seed or source."""
        name = dbt_resource_props.get("identifier") or dbt_resource_props.get("alias") or dbt_resource_props["name"]
        return dg.AssetKey([dbt_resource_props["schema"], name])

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """The stock spec with the house's key, group, owners, freshness and automation condition."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        props = self.get_resource_props(manifest, unique_id)
        if props["resource_type"] == "source":
            return spec
        layer = props["schema"]
        config = props.get("config", {})
        return spec.replace_attributes(
            group_name=layer,
            owners=ML_OWNERS if layer == "features" else OWNERS,
            automation_condition=WHEN_DEPS_CHANGE,
            freshness_policy=DAILY if layer in {"marts", "features"} else None,
            kinds={"dbt", get_settings().dbt_target, config.get("materialized", "seed")},
        )


@cache
def dbt_project() -> DbtProject:
    """The dbt project with a manifest at least as new as every file of it; parses (about 6 s) only when it is not.

    A set-up that has prepared the manifest costs nothing here, so a code location loads without running dbt.
    """
    root = get_settings().dbt_project
    project = DbtProject(project_dir=root, profiles_dir=root)
    if _is_stale(project):
        # Two runs that start together would both parse: one does, the other waits and finds it done.
        project.manifest_path.parent.mkdir(exist_ok=True)
        with (project.manifest_path.parent / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_stale(project):
                _parse(project)
    return project


def _is_stale(project: DbtProject) -> bool:
    root, manifest = Path(project.project_dir), project.manifest_path
    folders = ("models", "macros", "seeds", "snapshots", "tests")
    sources = [root / "dbt_project.yml", *(path for folder in folders for path in (root / folder).rglob("*.*"))]
    return not manifest.exists() or manifest.stat().st_mtime < max(path.stat().st_mtime for path in sources)


def _parse(project: DbtProject) -> None:
    """Parse beside and rename, so that no process ever reads half a manifest."""
    target = project.manifest_path.parent
    # What changes while dbt parses is newer than this, and is parsed again.
    start = time.time()
    dbt = DbtCliResource(project_dir=project, dbt_executable=DBT)
    dbt.cli(["parse", "--no-partial-parse", "--quiet"], target_path=target / "parse").wait()
    for name in ("partial_parse.msgpack", project.manifest_path.name):
        made = target / "parse" / name
        os.utime(made, (start, start))
        made.rename(target / name)


def model_keys(layer: str) -> list[dg.AssetKey]:
    """Asset keys of the models of a layer, sorted."""
    nodes = json.loads(dbt_project().manifest_path.read_bytes())["nodes"].values()
    return sorted(
        LayerTranslator().get_asset_key(node)
        for node in nodes
        if node["resource_type"] == "model" and node["schema"] == layer
    )
