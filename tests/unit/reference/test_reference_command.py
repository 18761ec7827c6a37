"""`claimworks reference`: exit codes, what is said, the default."""

import json
import subprocess
import sys
from datetime import date

import pyarrow.compute as pc
import pytest

from claims.reference import open_reference
from claims.reference.schema import TABLES, arrow


def _run(home, *words):
    code = "import sys; from orchestration.cli import main; sys.argv = ['claimworks', *sys.argv[1:]]; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "reference", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={"CLAIMWORKS_HOME": str(home), "PATH": "/usr/bin:/bin"},
    )


def test_load_twice_then_list(tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "clfs_2025Q1.csv").write_text("hcpcs,rate\n80053,10.56\n85025,7.77\n")
    first = _run(tmp_path / "home", "load", str(inbox), "--json")
    assert first.returncode == 0, first.stderr
    [report] = json.loads(first.stdout)["files"]
    assert (report["status"], report["table"], report["rows_read"]) == ("loaded", "clfs", 2)
    second = _run(tmp_path / "home", "load", str(inbox))
    assert second.returncode == 0
    assert "unchanged" in second.stdout
    listed = json.loads(_run(tmp_path / "home", "list", "--json").stdout)["releases"]
    assert [(r["release"], r["rows"], r["from"]) for r in listed if r["table"] == "clfs"] == [
        ("2025-01-01", 2, "2025-01-01")
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({}, 1),
        ({"readme.txt": "words"}, 1),
        ({"clfs_2025Q1.csv": "hcpcs,rate\n80053,10.56\n", "readme.txt": "words"}, 3),
        ({"clfs_2025Q1.csv": "hcpcs,rate\n80053,10.56\n8005,1\n"}, 3),
    ],
)
def test_exit_codes(tmp_path, content, expected):
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    done = _run(tmp_path / "home", "load", str(tmp_path))
    assert done.returncode == expected, done.stderr
    if expected == 3:
        assert "fix:" in done.stdout


def test_a_folder_that_is_not_there_is_wrong_usage(tmp_path):
    assert _run(tmp_path, "load", str(tmp_path / "nowhere")).returncode == 2


def test_the_default_is_whole_and_holds_each_key_once_a_day():
    reference = open_reference(None)
    codes = set(reference.table("fee_schedule")["hcpcs_code"].to_pylist())
    assert 250 <= len(codes) <= 350
    for name in TABLES:
        table = reference.table(name)
        assert table.schema == arrow(name)
        table.validate(full=True)
        for field in arrow(name):
            assert field.nullable or table[field.name].null_count == 0
        for day in (date(2024, 8, 1), date(2025, 3, 1), date(2026, 2, 1)):
            held = reference.as_of(name, day)
            assert held.group_by(list(TABLES[name].key)).aggregate([]).num_rows == held.num_rows, (name, day)


def test_the_default_has_no_descriptor_and_no_wording():
    reference = open_reference(None)
    places = reference.table("places_of_service")
    assert places["name"].null_count == places.num_rows
    # No more than rules read of a title: a side, a trimester, that it is a manifestation.
    facts = ["right", "left", "first trimester", "third trimester", "in diseases classified elsewhere"]
    said = pc.unique(reference.table("icd10cm_codes")["description"].drop_null()).to_pylist()
    assert set(said) <= {*facts, "second trimester"}
    assert not pc.any(pc.greater(pc.utf8_length(reference.table("adjustment_codes")["adjustment_code"]), 5)).as_py()


def test_a_table_that_is_not_loaded_comes_from_the_default(tmp_path):
    reference = open_reference(tmp_path)
    assert reference.source("gpci") == "default"
    assert reference.release_of("gpci", date(2025, 6, 1)) == "default-2025-01-01"
    with pytest.raises(KeyError, match="no reference table"):
        reference.table("gcpi")
