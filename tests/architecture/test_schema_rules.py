"""What `claims.schema` promises: exact money, a declared fate for every identifier, and none of them in bronze."""

import re

import pyarrow as pa
import pytest

from claims import schema

TABLES = [table.name for table in (*schema.TABLES, *schema.SILVER_TABLES)]

# How the name of a column that identifies a person, an account or a piece of free text looks.
_IDENTIFYING = re.compile(
    r"_(last|first|middle)_name$|_name_suffix$|_address_\d$|_city$|birth_date|ssn|member_id|medical_record|email|phone"
    r"|patient_control_number|claim_control_number|line_control_number|authorization_number|referral_number"
    r"|clearinghouse_trace|tax_id|^(patient|subscriber)\w*_zip$|^text$|_text$|^line_description$|error_value|note"
)


@pytest.mark.parametrize("name", TABLES)
def test_money_is_exact(name: str) -> None:
    for column in (*schema.BY_NAME[name].columns, *schema.bronze_columns(name)):
        assert not pa.types.is_floating(column.type), f"{name}.{column.name} is {column.type}"
        if column.name.endswith("_amount") or column.name == "amount":
            assert column.type == schema.MONEY, f"{name}.{column.name} is {column.type}"


@pytest.mark.parametrize("name", TABLES)
def test_every_identifier_has_a_fate(name: str) -> None:
    for column in schema.BY_NAME[name].columns:
        kept = column.split is schema.Split.KEEP
        assert kept == (column.identifier is None), f"{name}.{column.name}: an identifier is split, and only that"
        if _IDENTIFYING.search(column.name):
            assert not kept, f"{name}.{column.name} looks like an identifier and crosses the identity line as it is"
        if column.split is schema.Split.TOKEN:
            assert column.becomes
            assert column.becomes.endswith("_key")
            assert column.kind
        if column.split in {schema.Split.BIRTH_YEAR, schema.Split.ZIP3}:
            assert column.becomes
        if column.split is schema.Split.SEAL:
            assert column.becomes is None


@pytest.mark.parametrize("name", TABLES)
def test_bronze_has_no_identifier(name: str) -> None:
    identifiers = {c.name for c in schema.BY_NAME[name].columns if c.identifier is not None}
    bronze = schema.bronze_columns(name)
    assert not identifiers & {c.name for c in bronze}
    assert not [c.name for c in bronze if _IDENTIFYING.search(c.name) and not c.name.endswith("_key")]


@pytest.mark.parametrize("name", TABLES)
def test_names_and_keys_are_sound(name: str) -> None:
    table = schema.BY_NAME[name]
    for columns in (table.columns, schema.bronze_columns(name)):
        names = [c.name for c in columns]
        assert len(names) == len(set(names)), f"{name}: a column stands twice"
    assert set(table.keys) <= {c.name for c in schema.bronze_columns(name)}
    assert all(not c.nullable for c in table.columns if c.name in table.keys), f"{name}: a key may be null"
    assert all(c.description for c in table.columns)
    for person in table.persons:
        assert set(person.columns) <= {c.name for c in table.columns}
