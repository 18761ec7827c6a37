"""Every page and every finance report is an exposure of dbt, and names exactly the marts that its statements read."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from claims.reports.catalog import REPORTS

ROOT = Path(__file__).resolve().parents[2]
MARTS = {path.stem for path in (ROOT / "dbt_project" / "models" / "marts").glob("*.sql")}
PAGES = {path.stem: path for path in (ROOT / "dashboards" / "screens").glob("*.py") if path.stem != "__init__"}


def exposures() -> dict[str, dict[str, Any]]:
    """The declared exposures by name."""
    text = (ROOT / "dbt_project" / "models" / "_exposures.yml").read_text(encoding="utf-8")
    return {entry["name"]: entry for entry in yaml.safe_load(text)["exposures"]}


def declared(entry: dict[str, Any]) -> set[str]:
    """The models that an exposure leans on."""
    return set(re.findall(r"ref\('(\w+)'\)", " ".join(entry.get("depends_on", []))))


def named_marts(text: str) -> set[str]:
    """Marts that a text names, in a statement or as a literal put into one."""
    return set(re.findall(r"\w+", text)) & MARTS


def read_by_report(name: str) -> set[str]:
    """Marts in the statements of a report."""
    return named_marts(" ".join(table.sql for table in REPORTS[name].tables))


def definitions(path: Path) -> dict[str, str]:
    """The source of each top-level name of a module."""
    text = path.read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for node in ast.parse(text).body:
        source = ast.get_source_segment(text, node) or ""
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = source
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found.update({target.id: source for target in targets if isinstance(target, ast.Name)})
    return found


def read_by_page(page: Path) -> set[str]:
    """Marts in the queries that a page calls, and in those that these call; a page of downloads reads every report."""
    queries = definitions(ROOT / "dashboards" / "queries.py")
    text = page.read_text(encoding="utf-8")
    reached: set[str] = set()
    waiting = set(re.findall(r"queries\.(\w+)", text)) & set(queries)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= (set(re.findall(r"\w+", queries[name])) & set(queries)) - reached
    found = named_marts(text).union(*(named_marts(queries[name]) for name in reached))
    if re.search(r"^from dashboards import .*\bdownloads\b", text, re.MULTILINE):
        found = found.union(*(read_by_report(name) for name in REPORTS))
    if re.search(r"^from dashboards import .*\bworking\b", text, re.MULTILINE):
        found |= read_by_report("underpayments")
    return found


def test_pages_and_reports_are_the_exposures() -> None:
    expected = {f"page_{name}" for name in PAGES} | {f"report_{name}" for name in REPORTS}
    assert set(exposures()) == expected


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_a_report_leans_on_the_marts_of_its_statements(name: str) -> None:
    assert declared(exposures()[f"report_{name}"]) == read_by_report(name)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_leans_on_the_marts_of_its_queries(name: str) -> None:
    assert declared(exposures()[f"page_{name}"]) == read_by_page(PAGES[name])


def test_every_exposure_says_what_it_is_and_who_answers_for_it() -> None:
    assert not [name for name, entry in exposures().items() if not entry["description"] or not entry["owner"]["name"]]


def test_a_mart_read_and_not_declared_is_seen() -> None:
    assert named_marts("select * from marts.fct_claims join marts.dim_payer") == {"fct_claims", "dim_payer"}
    assert read_by_page(PAGES["overview"]) != set()
