"""From a row back to the bytes: the segments of a claim and of all that answers it, out of the sealed blocks.

Belongs here: finding the file, set and segments of a row, reading a block again, choosing what belongs to the row.
Does not belong here: who may see it (`compliance.opening`), which elements are masked (`compliance.masking`), printing.

Every row with provenance (file_id, transaction_ordinal, segment_ordinal) leads to one segment. What it is shown with:
of an 837, the claim and the billing, subscriber and patient loops above it; of an 835, the claim payment and the head
of the payment; of a 277, its hierarchical level; of a 999 or 997, the answer to the one set.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.settings import Settings

if TYPE_CHECKING:
    from claims.store import Store
    from claims.store.ledger import LedgerFile
    from compliance.access import Permission
    from compliance.opening import Openings

_CLAIM = re.compile(r"([0-9a-f]{32})-([0-9]{1,9})")
_PLACE = re.compile(r"([0-9a-f]{32}):([0-9]{1,9}):([0-9]{1,9})")
_GROUP_CODES = {"837": "HC", "835": "HP", "999": "FA", "997": "FA", "277": "HN", "276": "HR", "270": "HS", "271": "HB",
                "278": "HI"}  # fmt: skip
# Loops above a claim of an 837, from the outermost; a level that begins anew ends those within it.
_ABOVE = ("A", "B", "C")


class MalformedError(ValueError):
    """What was given is no reference to a row."""


class NotFoundError(LookupError):
    """There is no such file, set, claim or segment here. The message says what is missing."""


@dataclass(frozen=True)
class Reference:
    """A row: a claim of a file (837 or 835), or, where `claim_ordinal` is 0, a segment of a transaction set."""

    file_id: str
    claim_ordinal: int = 0
    transaction_ordinal: int = 0
    segment_ordinal: int = 0

    @classmethod
    def of(cls, text: str) -> "Reference":
        """`<file_id>-<claim ordinal>` (claim_id, remittance_claim_id) or `<file_id>:<transaction>:<segment>`.

        Raises:
            MalformedError: it is neither.
        """
        if match := _CLAIM.fullmatch(text.strip()):
            return cls(match[1], claim_ordinal=int(match[2]))
        if match := _PLACE.fullmatch(text.strip()):
            return cls(match[1], transaction_ordinal=int(match[2]), segment_ordinal=int(match[3]))
        raise MalformedError("neither a claim id nor FILE:TRANSACTION:SEGMENT")


@dataclass(frozen=True)
class Segment:
    """One segment with its place: n-th of its set, bytes `byte_offset` up to `byte_offset + byte_length` of the file.

    `is_row`: the segment that the row was made of. `is_context`: stands above the claim and holds for it.
    """

    ordinal: int
    loop: str
    segment_id: str
    byte_offset: int
    byte_length: int
    text: str
    is_row: bool = False
    is_context: bool = False


@dataclass(frozen=True)
class Part:
    """Segments of one transaction set, with where it came from and what it says of the claim (`status_code`)."""

    transaction_type: str
    status_code: str | None
    tenant_id: str
    path: str
    feed: str
    received_date: date
    file_id: str
    sha256: str
    isa_control_number: str | None
    gs_control_number: str | None
    st_control_number: str | None
    transaction_ordinal: int
    row_id: str | None
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Trace:
    """What was found: the row's own part first, then all that answers the claim, in order of the claim's life.

    `answers_claim_id`: the claim that a remittance is matched to. `is_published`: whether the answers could be looked
    up; they are published with the marts.
    """

    tenant_id: str
    parts: tuple[Part, ...]
    answers_claim_id: str | None
    is_published: bool


@dataclass(frozen=True)
class _Place:
    """One row's own segment, and what the row is called and says."""

    file_id: str
    transaction_ordinal: int
    segment_ordinal: int
    row_id: str | None = None
    status_code: str | None = None


class Tracer:
    """Traces on behalf of the actor of `openings`, showing segments as `permission` says."""

    def __init__(
        self, settings: Settings, store: "Store", openings: "Openings", permission: "Permission", reason: str | None
    ) -> None:
        self._settings = settings
        self._store = store
        self._openings = openings
        self._permission = permission
        self._reason = reason
        self._read: dict[tuple[str, int], list[dict[str, Any]]] = {}

    def trace(self, reference: Reference) -> Trace:
        """Find the row and everything about it. About 0.2 s, and 20 ms for each set that is opened.

        Raises:
            NotFoundError: there is no such row.
            RefusedError, ReasonError, AuditError, VaultError: as `compliance.opening.Openings`.
        """
        file = self._file(reference.file_id)
        place, kind = self._place(file, reference)
        parts = [self._part(file.tenant_id, place)]
        answers: list[_Place] = []
        answers_claim_id, is_published = None, True
        published = self._settings.serving / f"{file.tenant_id}.duckdb"
        if kind == "claim":
            found = _answers(published, str(place.row_id))
            answers, is_published = found or [], found is not None
        elif kind == "remittance":
            answers_claim_id = _matched_claim(published, str(place.row_id))
        parts += [self._part(file.tenant_id, one) for one in answers]
        return Trace(file.tenant_id, tuple(parts), answers_claim_id, is_published)

    def _file(self, file_id: str) -> "LedgerFile":
        """The file in the ledger, for the first tenant of the actor that received it."""
        from claims.store.models import FileState

        actor = self._openings.actor
        for tenant_id in sorted(self._settings.tenants, key=lambda t: not actor.is_assigned(t)):
            came = self._store.ledger.history(tenant_id, file_id)
            if came:
                if not actor.is_assigned(tenant_id):
                    self._openings.ask(self._permission, tenant_id, file_id, self._reason)
                return next((f for f in came if f.state is not FileState.DUPLICATE), came[0])
        raise NotFoundError("no file of that id was received")

    def _rows(self, file: "LedgerFile", table: str, columns: Sequence[str], **where: Any) -> list[dict[str, Any]]:
        """Rows of a file in a bronze table: they lie in the month file of the day on which it was received."""
        import pyarrow.parquet as pq

        month = self._settings.lake / "bronze" / table / file.tenant_id / f"{file.received_date:%Y-%m}.parquet"
        if not month.exists():
            return []
        filters = [("file_id", "==", file.file_id), *((name, "==", value) for name, value in where.items())]
        rows: list[dict[str, Any]] = pq.read_table(month, columns=list(columns), filters=filters).to_pylist()
        return rows

    def _place(self, file: "LedgerFile", reference: Reference) -> tuple[_Place, str]:
        """The row's own segment, and whether it is a claim's, a remittance's or another's."""
        kinds = {"claims": "claim", "remittance_claims": "remittance"}
        columns = ("claim_ordinal", "transaction_ordinal", "segment_ordinal")
        if reference.claim_ordinal:
            for table, kind in kinds.items():
                for row in self._rows(file, table, columns, claim_ordinal=reference.claim_ordinal):
                    row_id = f"{file.file_id}-{row['claim_ordinal']}"
                    return _Place(file.file_id, row["transaction_ordinal"], row["segment_ordinal"], row_id), kind
            raise NotFoundError("the file was received, and holds no claim of that ordinal that could be read")
        place = _Place(file.file_id, reference.transaction_ordinal, reference.segment_ordinal)
        for table, kind in kinds.items():
            where = {"transaction_ordinal": place.transaction_ordinal, "segment_ordinal": place.segment_ordinal}
            for row in self._rows(file, table, columns, **where):
                return replace(place, row_id=f"{file.file_id}-{row['claim_ordinal']}"), kind
        return place, "segment"

    def _part(self, tenant_id: str, place: _Place) -> Part:
        file = self._of_tenant(tenant_id, place.file_id)
        row, segments = self._open(file, place)
        chosen = _unit(segments, place.segment_ordinal)
        if not chosen:
            count = row["segment_count"]
            raise NotFoundError(f"the set was received, and has {count} segments: none of that ordinal")
        return Part(
            transaction_type=row["transaction_type"] or "unknown",
            status_code=place.status_code,
            tenant_id=tenant_id,
            path=file.path,
            feed=file.feed,
            received_date=file.received_date,
            file_id=file.file_id,
            sha256=file.sha256,
            isa_control_number=row["isa_control_number"],
            gs_control_number=row["gs_control_number"],
            st_control_number=row["st_control_number"],
            transaction_ordinal=place.transaction_ordinal,
            row_id=place.row_id,
            segments=tuple(self._shown(row, one) for one in chosen),
        )

    def _of_tenant(self, tenant_id: str, file_id: str) -> "LedgerFile":
        from claims.store.models import FileState

        came = self._store.ledger.history(tenant_id, file_id)
        if not came:
            raise NotFoundError("the ledger has no file that the published marts name: publish them again")
        return next((f for f in came if f.state is not FileState.DUPLICATE), came[0])

    def _open(self, file: "LedgerFile", place: _Place) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The set's row with the delimiters of its interchange, and all its segments, read again from its block."""
        sets = self._rows(file, "transactions", _SET_COLUMNS, transaction_ordinal=place.transaction_ordinal)
        if not sets:
            raise NotFoundError("the file was received, and holds no such transaction set")
        [row] = sets
        ordinal = row["interchange_ordinal"]
        [head] = self._rows(file, "interchanges", _INTERCHANGE_COLUMNS, interchange_ordinal=ordinal)
        # Asked and recorded for every row that is shown, even where its set was read for another one.
        block = self._openings.block(
            file.tenant_id,
            file.file_id,
            place.transaction_ordinal,
            place.segment_ordinal,
            permission=self._permission,
            reason=self._reason,
        )
        key = (file.file_id, place.transaction_ordinal)
        if key not in self._read:
            self._read[key] = list(_read_again(block, row, head))
        return row | head, self._read[key]

    def _shown(self, row: Mapping[str, Any], segment: Segment) -> Segment:
        from compliance.access import Permission
        from compliance.masking import Delimiters, mask

        if self._permission is Permission.SEGMENTS_CLEAR:
            return segment
        delimiters = Delimiters(row["element_separator"], row["component_separator"], row["repetition_separator"])
        return replace(segment, text=mask(segment.text, delimiters))


_SET_COLUMNS = (
    "transaction_ordinal", "interchange_ordinal", "transaction_type", "implementation_guide", "isa_control_number",
    "gs_control_number", "st_control_number", "byte_offset", "segment_count",
)  # fmt: skip
_INTERCHANGE_COLUMNS = (
    "version_code", "element_separator", "component_separator", "repetition_separator", "segment_terminator",
)  # fmt: skip


def _read_again(block: bytes, row: Mapping[str, Any], head: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The segments of one set, by reading it inside an envelope like the one that it came in."""
    from claims.interchange import x12

    before, after = _envelope(row, head)
    terminator = head["segment_terminator"].encode("latin-1")
    ends = block if block.endswith(terminator) else block + terminator
    segments = x12.read([x12.Source.of(before + ends + after)], segments=True).tables["segments"]
    for one in segments.to_pylist():
        at = one["byte_offset"] - len(before)
        if one["transaction_ordinal"] == 1 and 0 <= at < len(block):
            end = block.find(terminator, at)
            one["byte_offset"] = row["byte_offset"] + at
            one["byte_length"] = (end if end >= 0 else len(block)) - at
            yield one


def _envelope(row: Mapping[str, Any], head: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """What is put before and after a block, with the delimiters that stand in it."""
    e, t = head["element_separator"], head["segment_terminator"]
    version = (head["version_code"] or "00501")[:5].ljust(5, "0")
    repetition, component = head["repetition_separator"] or "U", head["component_separator"] or ":"
    fields = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", " " * 15, "ZZ", " " * 15, "250101", "0000", repetition,
              version, "000000001", "0", "P", component]  # fmt: skip
    isa, iea = e.join(fields) + t, e.join(["IEA", "1", "000000001"]) + t
    kind = row["transaction_type"] or ""
    if kind == "TA1":
        return isa.encode("latin-1"), iea.encode("latin-1")
    guide = row["implementation_guide"] or version
    group = e.join(["GS", _GROUP_CODES.get(kind[:3], "HC"), "S", "R", "20250101", "0000", "1", "X", guide]) + t
    return (isa + group).encode("latin-1"), (e.join(["GE", "1", "1"]) + t + iea).encode("latin-1")


def _unit(segments: Sequence[dict[str, Any]], ordinal: int) -> list[Segment]:
    """What a segment is shown with: see the head of this module. Empty when the set has no such segment."""
    at = next((n for n, one in enumerate(segments) if one["segment_ordinal"] == ordinal), None)
    if at is None:
        return []
    row = segments[at]
    context: list[dict[str, Any]] = []
    if row["claim_ordinal"] is not None:
        own = [one for one in segments if one["claim_ordinal"] == row["claim_ordinal"]]
        first = segments.index(own[0])
        context = _above(segments[:first])
    else:
        own = list(segments[_begin(segments, at) : _end(segments, at)])
    shown = [*context, *own]
    return [
        Segment(
            ordinal=one["segment_ordinal"],
            loop=one["loop_id"] or "",
            segment_id=one["segment_id"],
            byte_offset=one["byte_offset"],
            byte_length=one["byte_length"],
            text=one["text"],
            is_row=one is row,
            is_context=n < len(context),
        )
        for n, one in enumerate(shown)
    ]


def _above(before: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What stands above a claim: the loops of its levels in an 837, the head and the last LX in an 835."""
    levels: dict[str, list[dict[str, Any]]] = {}
    head: list[dict[str, Any]] = []
    number: list[dict[str, Any]] = []
    for one in before:
        loop = one["loop_id"] or ""
        if one["claim_ordinal"] is not None:
            continue
        if loop[:4] in ("2000", "2010") and loop[4:5] in _ABOVE:
            if one["segment_id"] == "HL":
                levels = {level: rows for level, rows in levels.items() if level < loop[4]}
            levels.setdefault(loop[4], []).append(one)
        elif one["segment_id"] == "LX":
            number = [one]
        elif number:
            number.append(one)
        else:
            head.append(one)
    # An 837 has its submitter and receiver at its head: they are no more the claim's than any other's.
    return [one for level in sorted(levels) for one in levels[level]] or [*head, *number]


def _begin(segments: Sequence[dict[str, Any]], at: int) -> int:
    """Where the answer or the level begins that holds a segment; the segment itself where it is in none."""
    if segments[at]["segment_id"] in ("AK1", "AK9", "SE", "ST", "PLB"):
        return at
    opened = (n for n in range(at, -1, -1) if segments[n]["segment_id"] in ("HL", "AK2"))
    return next(opened, at)


def _end(segments: Sequence[dict[str, Any]], at: int) -> int:
    if _begin(segments, at) == at and segments[at]["segment_id"] not in ("HL", "AK2"):
        return at + 1
    closes = ("HL", "AK2", "AK9", "SE")
    return next((n for n in range(at + 1, len(segments)) if segments[n]["segment_id"] in closes), len(segments))


def _answers(published: Path, claim_id: str) -> list[_Place] | None:
    """The steps of a claim's life but its own submission; None where they are not published yet."""
    rows = _query(
        published,
        "select file_id, transaction_ordinal, segment_ordinal, remittance_claim_id, status_code "
        "from marts.fct_claim_status_history where claim_id = ? and source <> '837' order by status_ordinal",
        claim_id,
    )
    return None if rows is None else [_Place(*row) for row in rows]


def _matched_claim(published: Path, remittance_claim_id: str) -> str | None:
    rows = _query(
        published, "select claim_id from marts.fct_remittances where remittance_claim_id = ?", remittance_claim_id
    )
    return rows[0][0] if rows else None


def _query(published: Path, statement: str, value: str) -> list[tuple[Any, ...]] | None:
    import duckdb

    if not published.exists():
        return None
    try:
        with duckdb.connect(str(published), read_only=True) as connection:
            return connection.execute(statement, [value]).fetchall()
    except duckdb.CatalogException:  # published before there was such a mart
        return None
