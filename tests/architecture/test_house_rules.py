"""Rules that hold for every file: a docstring, no path of a machine, no postponed annotations where they bite."""

import ast
import re

import tree

# Spelt in pieces, so that this file is not its own finding.
_MACHINE = re.compile(
    "|".join(
        (
            r"(^|[^a-z.])/" + r"(work|farm|opt/wheels|root|tmp/brief)/",
            r"index-" + r"url *[= ]",
            r"find-" + r"links *[= ]",
            r'"resolved": *"' + "http",
            r'registry *= *"' + "http",
        )
    )
)


def test_every_module_says_what_belongs_in_it() -> None:
    bare = [str(path) for path in tree.files() if path.suffix == ".py" and not ast.get_docstring(tree.parse(path))]
    assert not bare, f"without a module docstring: {bare}"


def test_no_path_of_a_machine_and_no_registry_address() -> None:
    sins = []
    for path in tree.files():
        data = (tree.ROOT / path).read_bytes()
        if b"\0" in data[:4096]:
            continue
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
            if _MACHINE.search(line):
                sins.append(f"{path}:{number}")
    assert not sins, f"machine paths or registry addresses: {sins}"


def test_machine_paths_are_seen() -> None:
    assert _MACHINE.search("open('/" + "work/main/x')")
    assert _MACHINE.search("pip install --index-" + "url https://example.org")
    assert not _MACHINE.search("docs/network/index.md")


def test_orchestration_does_not_postpone_annotations() -> None:
    """`from __future__ import annotations` turns the annotations of a `dg.Config` into text, and Dagster fails."""
    sins = [
        f"{path}:{found.line}"
        for module, path, found in tree.module_imports()
        if module.startswith("orchestration") and found.target == "__future__.annotations"
    ]
    assert not sins, f"postponed annotations: {sins}"


def test_no_work_is_left_lying() -> None:
    # Three X alone are a value of Medicare's global days: as a mark they stand in a comment, or before a colon.
    words = "|".join(("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error"))
    marks = re.compile(rf"\b({words})\b|(#|--|//).*\bX{{3}}\b|\bX{{3}}:")
    sins = [
        f"{path}:{number}"
        for path in tree.files()
        if path.suffix in {".py", ".sql", ".yml", ".yaml", ".md"} and path.parts[0] != "deploy"
        for number, line in enumerate((tree.ROOT / path).read_text(encoding="utf-8").splitlines(), start=1)
        if marks.search(line)
    ]
    assert not sins, f"left open: {sins}"
