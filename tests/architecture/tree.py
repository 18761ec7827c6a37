"""How the architecture tests see the repository: which files are ours, and what a module imports.

Belongs here: walking and parsing. Does not belong here: the rules themselves (each stands in a test beside this file).
"""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("api", "benchmarks", "claims", "compliance", "dashboards", "ml", "orchestration", "quality")
_NOT_OURS = {
    ".git", ".venv", ".claimworks", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "__pycache__",
    "target", "logs", "dbt_packages", "build", "node_modules",
}  # fmt: skip


@dataclass(frozen=True)
class Import:
    """One import statement: the absolute module it names, its line, and whether it runs when the module loads."""

    target: str
    line: int
    at_load: bool


@cache
def files() -> tuple[Path, ...]:
    """Every file of the repository that git would track, relative to its root."""
    out = []
    for folder, folders, names in _walk(ROOT):
        folders[:] = sorted(d for d in folders if d not in _NOT_OURS and not d.endswith(".egg-info"))
        out.extend(
            (folder / name).relative_to(ROOT) for name in sorted(names) if not name.endswith((".pyc", ".duckdb"))
        )
    return tuple(out)


def _walk(top: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    for folder, folders, names in os.walk(top):
        yield Path(folder), folders, names


@cache
def modules() -> dict[str, Path]:
    """Every Python module of our packages by its dotted name."""
    return {module_name(path): path for path in files() if path.suffix == ".py" and path.parts[0] in PACKAGES}


def module_name(path: Path) -> str:
    """`claims/lake.py` -> `claims.lake`, `claims/__init__.py` -> `claims`."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def parse(path: Path) -> ast.Module:
    """The syntax tree of a file given relative to the root."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


def imports(tree: ast.Module, package: str) -> list[Import]:
    """Every import of a module; `package` resolves relative ones. What TYPE_CHECKING guards does not run at load."""
    found: list[Import] = []

    def visit(node: ast.AST, at_load: bool) -> None:
        if isinstance(node, ast.Import):
            found.extend(Import(alias.name, node.lineno, at_load) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(
                    [*package.split(".")[: len(package.split(".")) - node.level + 1], *filter(None, [base])]
                )
            # `from claims import store` names a module too, so both faces are walls to check.
            found.extend(Import(f"{base}.{alias.name}", node.lineno, at_load) for alias in node.names)
        for child in ast.iter_child_nodes(node):
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            checking = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            visit(child, at_load and not inside and not checking)

    visit(tree, True)
    return found


def module_imports() -> Iterator[tuple[str, Path, Import]]:
    """(module name, file, import) over all our packages."""
    for name, path in modules().items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for found in imports(parse(path), package):
            yield name, path, found
