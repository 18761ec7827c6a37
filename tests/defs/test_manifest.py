"""The manifest that set-up prepares serves every process, wherever it starts."""

import json
from pathlib import Path


def test_seeds_are_known_by_their_whole_path(defs: object, root: Path) -> None:
    """Once parsed with a relative folder, a run that starts elsewhere looks for its seeds in the wrong place."""
    manifest = json.loads((root / "dbt_project" / "target" / "manifest.json").read_bytes())
    folders = {Path(node["root_path"]) for name, node in manifest["nodes"].items() if name.startswith("seed.")}
    assert folders == {root / "dbt_project"}
