"""Who may import whom: the table of docs/architecture.md, held without a baseline of tolerated sins."""

import ast

import pytest
import tree

# package -> what of ours it may import. The most specific key that matches a module holds.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "claims": ("claims",),
    "compliance": ("compliance", "claims.schema", "claims.store"),
    "quality": ("quality", "claims"),
    "ml": ("ml", "claims", "quality"),
    "api": ("api", "claims", "quality", "ml", "compliance"),
    "dashboards": (
        "dashboards",
        "compliance.access",
        "compliance.exporting",
        "compliance.working",
        "compliance.overriding",
        "claims.store",
        "claims.denials",
        "claims.reports",
    ),
    "orchestration.exits": (),
    "orchestration.settings": ("orchestration.exits",),
    "orchestration.lib": ("orchestration.lib", "orchestration.settings", "orchestration.exits", "claims.warehouse"),
    "orchestration": ("orchestration", "claims", "quality", "ml", "compliance", "api", "benchmarks"),
    "benchmarks": ("benchmarks", "claims", "quality", "ml", "compliance", "api"),
}

# library -> the only package that may import it.
ONLY_IN = {
    "dagster": "orchestration",
    "dagster_dbt": "orchestration",
    "dagster_shared": "orchestration",
    "streamlit": "dashboards",
    "fastapi": "api",
    "typer": "orchestration",
}


def within(target: str, prefix: str) -> bool:
    """`claims.store.ledger` is within `claims.store`; `claims.storefront` is not."""
    return target == prefix or target.startswith(prefix + ".")


def wall(module: str, target: str) -> str | None:
    """Why `module` may not import `target`, or None where it may."""
    if target.split(".", maxsplit=1)[0] in tree.PACKAGES:
        key = max((k for k in MAY_IMPORT if within(module, k)), key=len)
        # Importing a package itself (`from compliance import access`) comes here as `compliance.access`.
        if not any(within(target, allowed) for allowed in MAY_IMPORT[key]):
            return f"{key} may import only {', '.join(MAY_IMPORT[key]) or 'nothing'} of ours"
        if within(module, "orchestration.defs") and within(target, "orchestration.defs"):
            own, other = module.split(".")[2:3], target.split(".")[2:3]
            if own != other:
                return "sibling definitions meet by AssetKey, never by import"
    library = target.split(".", maxsplit=1)[0]
    if library in ONLY_IN and not within(module, ONLY_IN[library]):
        return f"only {ONLY_IN[library]} imports {library}"
    return None


def test_no_module_reaches_through_a_wall() -> None:
    sins = [
        f"{path}:{found.line} imports {found.target}: {reason}"
        for module, path, found in tree.module_imports()
        if (reason := wall(module, found.target))
    ]
    assert not sins, "\n".join(sins)


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("claims.lake", "import compliance.vault"),
        ("claims.lake", "from orchestration import settings"),
        ("claims.lake", "import dagster as dg"),
        ("compliance.vault", "from claims.interchange import x12"),
        ("quality.suites", "from ml import registry"),
        ("ml.denial.model", "from compliance import vault"),
        ("dashboards.app", "from claims.lake import Lake"),
        ("dashboards.app", "from compliance import vault"),
        ("dashboards.downloads", "from compliance.audit import AuditLog"),
        ("ml.drift", "def f():\n    import streamlit"),
        ("orchestration.lib.checks", "from claims.schema import arrow"),
        ("orchestration.settings", "from claims import lake"),
        ("orchestration.defs.bronze.assets", "from orchestration.defs.raw.files import files"),
        ("orchestration.commands.demo", "from dashboards import queries"),
    ],
)
def test_the_wall_stands(module: str, statement: str) -> None:
    found = tree.imports(ast.parse(statement), module.rpartition(".")[0])
    assert any(wall(module, one.target) for one in found)


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("compliance.identity", "from claims.schema import BY_NAME"),
        ("compliance.identity", "from claims import schema"),
        ("dashboards.app", "from compliance import access"),
        ("dashboards.downloads", "from claims import reports"),
        ("dashboards.downloads", "from compliance import access, exporting"),
        ("dashboards.app", "import streamlit as st"),
        ("orchestration.defs.bronze.assets", "from orchestration.defs.bronze.ingest import ingest_pending"),
        ("orchestration.defs.bronze.assets", "from quality import suites"),
        ("orchestration.commands.bench", "from benchmarks import demo"),
        ("quality.suites", "import storefront"),
    ],
)
def test_the_gates_are_open(module: str, statement: str) -> None:
    found = tree.imports(ast.parse(statement), module.rpartition(".")[0])
    assert not any(wall(module, one.target) for one in found)
