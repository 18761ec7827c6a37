"""The identity split: what crosses the line, what does not, and where it goes."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claims import schema
from claims.schema import Split
from compliance.identity import JOIN_ONLY, SMALL_ZIP3, split
from compliance.keys import TenantKeys
from tests.examples import examples

Filled = Callable[..., pa.Table]
AS_OF = date(2026, 6, 1)
LAKE = [t for t in schema.TABLES if t.in_lake]
HIDDEN = [(t.name, c.name) for t in LAKE for c in t.columns if c.split is not Split.KEEP and c.type == pa.string()]


def records(identities: pa.Table) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (r["kind"], r["token"]): {k: v for k, v in json.loads(r["record"]).items() if v is not None}
        for r in identities.to_pylist()
    }


@pytest.mark.parametrize("table", LAKE, ids=lambda t: t.name)
def test_a_table_becomes_its_bronze_schema(table: schema.Table, alder: TenantKeys, filled: Filled) -> None:
    added = {column.name for column in (*table.added, *schema.PARTITION)}
    wanted = pa.schema([f for f in schema.bronze(table.name) if f.name not in added])
    for rows in (0, 3):
        out = split({table.name: filled(table.name, rows)}, alder).tables[table.name]
        assert out.schema.equals(wanted)
        assert out.num_rows == rows


# Values that no constant, token or code of the tables could hold by chance: letters beyond hex, eight at least.
secrets_ = st.text(alphabet="GHJKLMNPQRSTUVWXYZghjklmnpqrstuvwxyzéß", min_size=8, max_size=24)


@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_value_of_an_identifier_column_is_in_any_column_that_crosses(
    data: st.DataObject, alder: TenantKeys, filled: Filled
) -> None:
    planted = {place: data.draw(st.lists(secrets_, min_size=2, max_size=2)) for place in HIDDEN}
    tables = {
        t.name: filled(t.name, 2, **{column: planted[name, column] for name, column in planted if name == t.name})
        for t in LAKE
    }
    result = split(tables, alder, as_of=AS_OF)
    out = "\n".join(str(out.to_pylist()) for out in result.tables.values()).casefold()
    for values in planted.values():
        for value in values:
            assert value.casefold() not in out
    assert "identities" not in repr(result)


def test_raw_text_does_not_cross_at_all(alder: TenantKeys, filled: Filled) -> None:
    assert "segments" not in split({"segments": filled("segments", 1, text=["NM1*IL*1*DOE"])}, alder).tables


def test_the_same_value_gives_the_same_token_in_every_table_of_its_kind(alder: TenantKeys, filled: Filled) -> None:
    out = split(
        {
            "claims": filled("claims", 2, patient_control_number=["A-1", None], subscriber_member_id=["m1", " "]),
            "remittance_claims": filled("remittance_claims", 1, patient_control_number=[" a-1 "]),
            "eligibility": filled("eligibility", 1, member_id=["M1"]),
        },
        alder,
    ).tables
    assert out["claims"]["claim_key"].to_pylist() == [alder.token("claim", "A-1"), None]
    assert out["remittance_claims"]["claim_key"][0] == out["claims"]["claim_key"][0]
    assert out["claims"]["subscriber_key"].to_pylist() == [alder.token("member", "M1"), None]
    assert out["eligibility"]["subscriber_key"].to_pylist() == [alder.token("member", "M1")]
    assert alder.token("member", "A-1") != alder.token("claim", "A-1")


def test_another_tenant_has_other_tokens(alder: TenantKeys, birch: TenantKeys, filled: Filled) -> None:
    tables = {"claims": filled("claims", 1, patient_control_number=["A1"], subscriber_member_id=["M1"],
                               patient_last_name=["DOE"])}  # fmt: skip
    one, other = (split(tables, keys).tables["claims"] for keys in (alder, birch))
    for column in ("claim_key", "subscriber_key", "patient_key"):
        assert one[column][0].as_py() != other[column][0].as_py()


def test_a_person_is_one_token_however_the_name_is_written(alder: TenantKeys, filled: Filled) -> None:
    born = date(1980, 5, 17)
    out = (
        split(
            {
                "claims": filled(
                    "claims",
                    5,
                    subscriber_member_id=["M1", "m1 ", "M1", None, None],
                    patient_last_name=["Doe", "DOE", "Doe", "Doe", None],
                    patient_first_name=["Jane", " jane", "John", None, None],
                    patient_birth_date=[born, born, born, None, born],
                )
            },
            alder,
        )
        .tables["claims"]["patient_key"]
        .to_pylist()
    )
    assert out[0] == out[1]
    assert out[0] != out[2]
    assert out[3:] == [None, None], "a surname or a birth date alone names nobody"


def test_birth_year_is_held_at_ninety_and_zip_at_three_digits(alder: TenantKeys, filled: Filled) -> None:
    out = split(
        {
            "claims": filled(
                "claims",
                5,
                patient_birth_date=[date(1901, 1, 1), date(1936, 6, 2), date(1937, 1, 1), date(2020, 2, 29), None],
                patient_zip=["981011234", SMALL_ZIP3[0] + "01", "K1A 0B1", "12", None],
            )
        },
        alder,
        as_of=AS_OF,
    ).tables["claims"]
    assert out["patient_birth_year"].to_pylist() == [1936, 1936, 1937, 2020, None]
    assert out["patient_zip3"].to_pylist() == ["981", "000", None, None, None]


def test_sealed_values_go_to_the_identity_that_they_stand_beside(alder: TenantKeys, filled: Filled) -> None:
    result = split(
        {
            "claims": filled(
                "claims",
                2,
                subscriber_member_id=["M1", "M1"],
                subscriber_last_name=[None, "Doe"],
                subscriber_ssn=[None, "000000001"],
                patient_last_name=["Doe", "Doe"],
                patient_first_name=["Kim", "Kim"],
                patient_zip=["98101", "98101"],
                patient_birth_date=[date(2015, 1, 2)] * 2,
            ),
            "remittance_claims": filled(
                "remittance_claims",
                1,
                patient_control_number=["A1"],
                patient_last_name=["Doe"],
                patient_member_id=["M1"],
            ),
        },
        alder,
    )
    found = records(result.identities)
    assert found["member", str(alder.token("member", "M1"))] == {"value": "M1", "last_name": "Doe", "ssn": "000000001"}
    assert found["claim", str(alder.token("claim", "A1"))] == {"value": "A1", "last_name": "Doe"}
    [patient] = [record for (kind, _), record in found.items() if kind == "patient"]
    assert patient == {
        "subscriber_member_id": "M1",
        "last_name": "Doe",
        "first_name": "Kim",
        "zip": "98101",
        "birth_date": "2015-01-02",
    }
    assert len(found) == 3


def test_each_identity_is_there_once_and_keys_that_only_join_are_not(alder: TenantKeys, filled: Filled) -> None:
    result = split(
        {
            "claim_lines": filled("claim_lines", 3, line_control_number=["1", "2", "3"],
                                  prior_authorization_number=["G", "g", None]),
            "authorizations": filled("authorizations", 1, authorization_number=["G"], member_id=["M"]),
        },
        alder,
    )  # fmt: skip
    assert sorted(result.identities["kind"].to_pylist()) == ["authorization", "member"]
    assert not JOIN_ONLY & set(result.identities["kind"].to_pylist())


def test_every_sealed_column_has_a_place_or_is_free_text_or_a_copy(alder: TenantKeys) -> None:
    """The values that only the sealed block keeps: a new column that would be lost to the identity is seen here."""
    from compliance.identity import _owners

    kept = {(t.name, c) for t in LAKE for _, _, fields in _owners(t) for c in fields}
    only_block = {
        (t.name, c.name) for t in LAKE for c in t.columns if c.split in (Split.SEAL, Split.BIRTH_YEAR, Split.ZIP3)
    } - kept
    assert only_block == {
        ("claim_lines", "line_description"),
        ("acknowledgements", "error_value"),
    }
