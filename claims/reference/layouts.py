"""Published files without a header line: fixed records, the ICD-10-CM tabular list in XML, coverage in JSON.

Belongs here: telling each by its own content, and cutting it into columns of text for the same checks as the others.
Does not belong here: types, checks, storing.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import pyarrow as pa
import pyarrow.compute as pc

from claims.reference.formats import FORMATS, Field, Format
from claims.reference.sources import LINE, Source, UnreadableError

_NO_DOT = "replace(upper(x), '.', '')"
_CODE5 = "regexp_full_match(t, '[0-9A-Z][0-9]{3}[0-9A-Z]')"
_ICD = "regexp_full_match(t, '[A-Z][0-9A-Z]{2,6}')"
_by_name = {kind.name: kind for kind in FORMATS}


@dataclass(frozen=True)
class Layout:
    """One layout: whether a source has it, and its tables as (format, text columns and `__line`)."""

    matches: Callable[[Source], bool]
    read: Callable[[Source], Iterator[tuple[Format, pa.Table]]]


def layout_of(source: Source) -> Layout | None:
    """The layout of a source; null where it has none of them."""
    return next((layout for layout in _LAYOUTS if layout.matches(source)), None)


def _fixed(source: Source, cuts: dict[str, tuple[int, int]]) -> pa.Table:
    """Columns of fixed records: {name: (first, last)}, positions 1-based as layouts print them."""
    lines = pa.array(source.text.replace("\r\n", "\n").split("\n"), pa.string())
    if len(lines) and lines[-1].as_py() == "":
        lines = lines[:-1]
    columns = {name: pc.utf8_slice_codeunits(lines, first - 1, last) for name, (first, last) in cuts.items()}
    columns[LINE] = pa.array(range(1, len(lines) + 1), pa.int32())
    return pa.table(columns)


def _first_line(source: Source) -> str:
    return source.first_lines.split("\n", 1)[0].rstrip("\r")


# ICD-10-CM order file: number 1-5, code 7-13, 0 header or 1 valid at 15, short description 17-76, long from 78.
_ORDER_LINE = re.compile(r"\d{5} [A-Z][0-9A-Z]{2}[0-9A-Z ]{4} [01] .{60} \S")
_ORDER = Format(
    "icd10cm_order",
    "icd10cm_codes",
    (
        Field("icd10cm_code", (), _NO_DOT, _ICD, "an ICD-10-CM category or code"),
        Field("is_billable", (), "case x when '1' then true when '0' then false end", "t is not null", "0 or 1"),
        Field("description", ()),
    ),
    is_fiscal=True,
)


def _read_order(source: Source) -> Iterator[tuple[Format, pa.Table]]:
    cuts = {"icd10cm_code": (7, 13), "is_billable": (15, 15), "description": (78, 400)}
    yield _ORDER, _fixed(source, cuts)


# ZIP5: state 1-2, ZIP 3-7, carrier 8-12, locality 13-14, rural 15, +4 flag 21, year and quarter 76-80.
_ZIP_LINE = re.compile(r"[A-Z]{2}\d{10}\d{2}[ RB].{5}[01].{54}20\d\d[1-4]\s*")


def _read_zip5(source: Source) -> Iterator[tuple[Format, pa.Table]]:
    cuts = {"state": (1, 2), "zip5": (3, 7), "mac": (8, 12), "locality": (13, 14), "rural_indicator": (15, 15),
            "has_zip9": (21, 21), "__quarter": (76, 80)}  # fmt: skip
    yield _by_name["zip5_csv"], _fixed(source, cuts)


# HCPCS Level II record of 320 characters. Record 3 begins a procedure, 4 goes on with it, 7 and 8 are modifiers.
_HCPCS_LINE = re.compile(r"(?=.{293})[A-Z0-9 ]{5}\d{5}[3478].{257}\d{8}(\d{8}| {8})(\d{8}| {8})[A-Z ]")


def _read_hcpcs(source: Source) -> Iterator[tuple[Format, pa.Table]]:
    cuts = {"hcpcs_code": (1, 5), "__record": (11, 11), "pricing_indicator": (120, 121),
            "multiple_pricing_indicator": (128, 128), "cross_reference_code": (205, 209), "coverage_code": (230, 230),
            "betos_code": (257, 259), "type_of_service": (261, 261), "anesthesia_base_units": (266, 268),
            "effective_from": (269, 276), "action_date": (277, 284), "effective_to": (285, 292),
            "action_code": (293, 293)}  # fmt: skip
    yield _by_name["hcpcs_records"], _fixed(source, cuts)


# Fees of a contractor: quoted comma text without a header: year, carrier, locality, code, modifier, two fees, ...
_FEE_LINE = re.compile(r'"20\d\d","\d{5}","\d{2}","[0-9A-Z]{5}","[0-9A-Z ]{2}","\d{7}\.\d\d","\d{7}\.\d\d"(,.*)?')


def _read_fees(source: Source) -> Iterator[tuple[Format, pa.Table]]:
    table, ragged = source.rows_below(0, len(_first_line(source).split(",")))
    if any(cells > 1 for _, cells in ragged):
        raise UnreadableError(f"line {ragged[0][0]} has {ragged[0][1]} cells")
    names = ["__year", "mac", "locality", "hcpcs_code", "modifier", "nonfacility_amount", "facility_amount"]
    # The file ends with a trailer that says how many records there are; it is no fee.
    is_fee = pc.match_substring_regex(table["c0"], r"^\s*20\d\d\s*$")
    table = table.filter(is_fee)
    yield (
        _by_name["published_fees_csv"],
        pa.table({**{name: table[f"c{i}"] for i, name in enumerate(names)}, LINE: table[LINE]}),
    )


# Coverage by procedure: lists of covered and of not covered diagnoses, and the determinations they come from.
_LCD = Format(
    "lcd_coverage_json",
    "lcd_coverage",
    (
        Field("hcpcs_code", (), "upper(x)", _CODE5, "a five-character CPT or HCPCS code"),
        Field("icd10cm_code", (), _NO_DOT, _ICD, "an ICD-10-CM code"),
        Field("is_covered", (), "x = '1'"),
        Field("lcd_ids", ()),
    ),
    is_undated=True,
)


def _is_lcd(source: Source) -> bool:
    start = source.data[:65536]
    return start.lstrip()[:1] == b"{" and b'"covered"' in start and b'"lcdIds"' in source.data


def _read_lcd(source: Source) -> Iterator[tuple[Format, pa.Table]]:
    try:
        content = json.loads(source.data)
        rows: list[tuple[str, ...]] = [
            (code, diagnosis, flag, ",".join(entry["lcdIds"]))
            for code, entry in content.items()
            for flag, diagnoses in (("1", entry["covered"]), ("0", entry["notCovered"]))
            for diagnosis in diagnoses
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableError(f"not coverage in JSON: {error}") from error
    yield _LCD, _table([field.column for field in _LCD.fields], rows)


# ICD-10-CM tabular list: nested <diag> with <name>, <desc>, notes and seventh characters.
_CODES = Format("icd10cm_tabular", "icd10cm_codes", _ORDER.fields, is_fiscal=True)
_SEVENTHS = Format(
    "icd10cm_tabular",
    "icd10cm_sevenths",
    (
        Field("category_code", (), _NO_DOT, _ICD, "an ICD-10-CM category or code"),
        Field("seventh_character", (), "upper(x)", "regexp_full_match(t, '[0-9A-Z]')", "one character"),
        Field("meaning", ()),
    ),
    is_fiscal=True,
)
_NOTES = Format(
    "icd10cm_tabular",
    "icd10cm_notes",
    (
        Field("icd10cm_code", (), _NO_DOT, _ICD, "an ICD-10-CM category or code"),
        Field("note_kind", ()),
        Field("first_code", (), _NO_DOT, "regexp_full_match(t, '[A-Z][0-9A-Z]{1,6}')", "a code or its beginning"),
        Field("last_code", (), _NO_DOT, "regexp_full_match(t, '[A-Z][0-9A-Z]{1,6}')", "a code or its beginning"),
    ),
    is_fiscal=True,
)
_NOTE_KINDS = {
    "excludes1": "excludes1", "excludes2": "excludes2", "codeFirst": "code_first", "codeAlso": "code_also",
    "useAdditionalCode": "use_additional",
}  # fmt: skip
# Codes stand in brackets at the end of a note: (A01.0-), (I20-I25), (K92.1, K92.2), with a dash where more follows.
_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_ONE = r"[A-Z][0-9A-Z]{2}(?:\.[0-9A-Z]{1,4})?"
_NAMED = re.compile(rf"({_ONE})(?:\.?-(?!\s*[A-Z]))?(?:\s*(?:-|to)\s*({_ONE})(?:\.?-)?)?")


def _read_tabular(source: Source) -> Iterator[tuple[Format, pa.Table]]:
    try:
        root = ET.fromstring(source.data)  # noqa: S314 - entities are refused by the match below
    except ET.ParseError as error:
        raise UnreadableError(f"not XML: {error}") from error
    codes: list[tuple[str, ...]] = []
    sevenths: list[tuple[str, ...]] = []
    notes: dict[tuple[str, str, str, str], None] = {}

    def named(element: ET.Element, code: str) -> None:
        for tag, kind in _NOTE_KINDS.items():
            for note in element.iterfind(f"{tag}/note"):
                for bracket in _BRACKETS.findall(note.text or ""):
                    for match in _NAMED.finditer(bracket):
                        notes[code, kind, match[1], match[2] or match[1]] = None

    def walk(diag: ET.Element, inherited: list[tuple[str, str]], above: list[ET.Element]) -> None:
        code = (diag.findtext("name") or "").strip()
        own = [
            (extension.get("char", ""), (extension.text or "").strip())
            for extension in diag.iterfind("sevenChrDef/extension")
        ]
        children = diag.findall("diag")
        characters = own or inherited
        is_leaf = not children and not characters
        codes.append((code, "1" if is_leaf else "0", (diag.findtext("desc") or "").strip()))
        for character, meaning in own:
            sevenths.append((code, character, meaning))
        if not children and characters:
            # The list prints no seventh characters: a billable code is the code, padded by X to six, and one of them.
            stem = code.replace(".", "").ljust(6, "X")
            codes.extend((stem + character, "1", "") for character, _ in characters)
        for element in (*above, diag):
            named(element, code)
        for child in children:
            walk(child, characters, [])

    for chapter in root.iterfind("chapter"):
        for section in chapter.iterfind("section"):
            for diag in section.iterfind("diag"):
                # Notes of a chapter and a section hold for every category in it.
                walk(diag, [], [chapter, section])
    yield _CODES, _table([field.column for field in _CODES.fields], codes)
    yield _SEVENTHS, _table([field.column for field in _SEVENTHS.fields], sevenths)
    yield _NOTES, _table([field.column for field in _NOTES.fields], list(notes))


def _is_tabular(source: Source) -> bool:
    # A document type could define entities that grow without end; the tabular list has none.
    return (
        b"<ICD10CM.tabular" in source.data[:4096] and b"<!ENTITY" not in source.data and b"<!DOCTYPE" not in source.data
    )


def _table(names: list[str], rows: list[tuple[str, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    table = pa.table({name: pa.array(list(column), pa.string()) for name, column in zip(names, columns, strict=True)})
    return table.append_column(LINE, pa.array(range(1, len(rows) + 1), pa.int32()))


def _starts(pattern: re.Pattern[str]) -> Callable[[Source], bool]:
    return lambda source: not source.is_workbook and bool(pattern.match(_first_line(source)))


_LAYOUTS = (
    Layout(_starts(_ORDER_LINE), _read_order),
    Layout(_starts(_ZIP_LINE), _read_zip5),
    Layout(_starts(_HCPCS_LINE), _read_hcpcs),
    Layout(_starts(_FEE_LINE), _read_fees),
    Layout(_is_lcd, _read_lcd),
    Layout(_is_tabular, _read_tabular),
)
