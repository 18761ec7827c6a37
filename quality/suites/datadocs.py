"""Great Expectations' data docs as static pages: one per table, and an index of them.

Belongs here: rendering results to HTML that opens without a network. Does not belong here: validating, the history of
checks (`claims.store.checks`), what people without access to all tenants see (the dashboards).

The pages are of the last validation of each table over all tenants. They hold counts and the expectations themselves,
never a value of the data: results carry none (`validation`). Great Expectations' own site fetches styles, scripts and
an image from fifteen addresses; here they are left out, for nobody outside is to learn who looks at which table.
"""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from quality.suites.checks import Severity
from quality.suites.validation import SuiteResult

INDEX = "index.html"

_FETCHED = re.compile(r"<link\b[^>]*>|<script\b.*?</script>|<img\b[^>]*>|<footer\b.*?</footer>", re.DOTALL)
_ADDRESSES = re.compile(r"""\s(?:href|src)=["']https?://[^"']*["']""")
_NAVIGATION = re.compile(r"<nav class=\"navbar.*?</nav>\s*</div>\s*</nav>", re.DOTALL)
_STYLE = """<style>
body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:75rem;padding:0 1rem;color:#1b2a33}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.2rem}
th,td{border-bottom:1px solid #d8e0e4;padding:.35rem .6rem;text-align:left;vertical-align:top}
a{color:#0b6b75}ul{list-style:none;padding-left:0}.modal,.btn-group,nav#navigation{display:none}
.failed{color:#a3261b;font-weight:600}.passed{color:#1c6b3a}.muted{color:#5c6b73}
</style>"""


def write_data_docs(folder: Path, results: Iterable[SuiteResult]) -> Path:
    """Write `<folder>/<layer>/<table>.html` for each result and bring the index up to date; returns the index.

    Pages of other tables stay as they are. About 0.1 s per table.
    """
    at = datetime.now(UTC).replace(microsecond=0)
    for result in results:
        page = folder / result.layer / f"{result.table}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        _write(page, _page(result, at))
        critical = sum(failure.severity is Severity.CRITICAL for failure in result.failures)
        facts = {
            "layer": result.layer,
            "table": result.table,
            "rows": result.row_count,
            "checks": result.check_count,
            "judged": len(result.judged),
            "critical": critical,
            "warnings": len(result.failures) - critical,
            "at": at.isoformat(),
        }
        _write(page.with_suffix(".json"), json.dumps(facts))
    index = folder / INDEX
    _write(index, _index(folder))
    return index


def _page(result: SuiteResult, at: datetime) -> str:
    """Both results of a table (its shape, its rows) one below the other."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    title = f"{result.layer}/{result.table}"
    bodies = []
    for document in result.documents:
        html: str = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(document))
        bodies.append(_ADDRESSES.sub("", _FETCHED.sub("", _NAVIGATION.sub("", _body(html)))))
    facts = f"validated {at:%Y-%m-%d %H:%M} UTC, {result.row_count:,} rows, {result.check_count} expectations"
    if len(result.judged) < result.check_count:
        facts += f", of which {len(result.judged)} could be judged"
    return _html(
        title, f'<p><a href="../{INDEX}">All tables</a></p><h1>{escape(title)}</h1><p>{facts}</p>' + "\n".join(bodies)
    )


def _body(html: str) -> str:
    return html[html.index("<body>") + len("<body>") : html.rindex("</body>")]


def _index(folder: Path) -> str:
    rows = []
    for path in sorted(folder.glob("*/*.json")):
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        failed = facts["critical"] + facts["warnings"]
        words = f"{facts['critical']} critical, {facts['warnings']} warnings" if failed else "every expectation holds"
        rows.append(
            f'<tr><td><a href="{escape(facts["layer"])}/{escape(facts["table"])}.html">'
            f"{escape(facts['layer'])}/{escape(facts['table'])}</a></td><td>{facts['rows']:,}</td>"
            f'<td>{facts["checks"]}</td><td class="{"failed" if failed else "passed"}">{words}</td>'
            f"<td>{escape(facts['at'][:16].replace('T', ' '))}</td></tr>"
        )
    head = "<tr><th>Table</th><th>Rows</th><th>Expectations</th><th>Last validation</th><th>When (UTC)</th></tr>"
    note = '<p class="muted">Counts over all tenants, no value of the data. History: the dashboard, Data quality.</p>'
    return _html("Data docs", f"<h1>Data docs</h1>{note}<table>{head}{''.join(rows)}</table>")


def _html(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{_STYLE}</head>'
        f"<body>{body}</body></html>"
    )


def _write(path: Path, text: str) -> None:
    """By rename: who has a page open never reads half of the next one."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
