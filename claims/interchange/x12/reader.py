"""Reading: sources in, the tables of `claims.schema` out, in one pass over all sources.

Belongs here: the order of the steps, statuses, and the tables of findings and segments. Does not belong here: rules
about what the segments say.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from claims import schema
from claims.interchange.x12.answers import acknowledgements, claim_statuses
from claims.interchange.x12.checks import check_all, check_bodies, check_claims, check_remittances
from claims.interchange.x12.claims837 import Claims837
from claims.interchange.x12.columns import CORES, Columns, make_table, within
from claims.interchange.x12.details import details as detail_tables
from claims.interchange.x12.envelope import (
    CLAIM_KINDS,
    KIND,
    Envelope,
    advance,
    interchange_table,
    provenance,
    read_envelope,
    transaction_table,
)
from claims.interchange.x12.findings import BY_CODE, Findings, Flat
from claims.interchange.x12.loops import LOOPS, Context
from claims.interchange.x12.progress import WINDOW_BYTES, Open, Progress, windows
from claims.interchange.x12.remits835 import Remits835
from claims.interchange.x12.source import Region, Source, file_problem, is_blank, locate
from claims.interchange.x12.tokens import CODE, SEGMENT_IDS, Copies, Flags, Index, Ints, Longs, Tokens, int32s

ACCEPTED, WITH_ERRORS, QUARANTINED = "accepted", "accepted_with_errors", "quarantined"
MAX_BATCH_BYTES = 64 << 20
_MAX_WORKERS = 2
_LEFT_OUT = "X12-SET-TOO-LONG"

X12_TABLES = tuple(table.name for table in schema.TABLES if table.feed == "x12")


@dataclass(frozen=True)
class ReadResult:
    """What was read: `tables` by name, each with exactly the schema `claims.schema.arrow(name)`, in clear."""

    tables: dict[str, pa.Table]


def read(sources: Sequence[Source], *, segments: bool = False, details: bool = False) -> ReadResult:
    """Read all interchanges of `sources` into every X12 table of `claims.schema`.

    Never raises on what a source holds: what is wrong becomes rows of `findings`, and the smallest unit that cannot be
    trusted is left out of the typed tables. `segments` adds the table of all segments, verbatim (it is several times
    the size of the others); `details` adds `claims.schema.DETAIL_TABLES`. Costs about 30 ms for 1 MB, for many small
    sources as for one; memory about 100 MB beside the sources and the tables.
    """
    return _joined([tables for _, tables in _stream(sources, segments, details)])


def read_batches(
    sources: Iterable[Source], max_bytes: int = MAX_BATCH_BYTES, *, segments: bool = False, details: bool = False
) -> Iterator[ReadResult]:
    """Read any number of sources, holding the tables of about `max_bytes` of them at a time.

    A source longer than that comes in several results, cut between transaction sets; ordinals are by file, as in
    `read`, and an interchange's own row comes with its last part.
    """
    batch: list[Source] = []
    size = 0
    for source in sources:
        if batch and size + len(source.data) > max_bytes:
            yield from _results(batch, max_bytes, segments, details)
            batch, size = [], 0
        batch.append(source)
        size += len(source.data)
    if batch:
        yield from _results(batch, max_bytes, segments, details)


def _results(sources: Sequence[Source], max_bytes: int, segments: bool, details: bool) -> Iterator[ReadResult]:
    held: list[dict[str, pa.Table]] = []
    size = 0
    for length, tables in _stream(sources, segments, details):
        held.append(tables)
        size += length
        del tables  # or they would stay while the next window is read
        if size >= max_bytes:
            joined, held, size = _joined(held), [], 0
            yield joined
            del joined
    if held:
        yield _joined(held)


def _joined(parts: Sequence[dict[str, pa.Table]]) -> ReadResult:
    if len(parts) == 1:
        return ReadResult(parts[0])
    return ReadResult({name: pa.concat_tables([tables[name] for tables in parts]) for name in parts[0]})


def _stream(sources: Sequence[Source], segments: bool, details: bool) -> Iterator[tuple[int, dict[str, pa.Table]]]:
    """The tables window by window, each with how many bytes it read; at least one."""
    findings = Findings()
    regions = locate(sources)
    begins: dict[int, int] = {}
    for region in regions:
        begins.setdefault(region.source, region.start)
    for number, source in enumerate(sources):
        if number not in begins:
            findings.add_file(file_problem(source.data), number)
        elif not is_blank(source.data, 0, begins[number]):
            findings.add_file("X12-FILE-LEADING-BYTES", number)
    file_ids = pa.array([source.file_id for source in sources], pa.string())
    names = [name for name in X12_TABLES if segments or name != "segments"]
    if details:
        names += [table.name for table in schema.DETAIL_TABLES]
    if not regions:
        tables = {name: _EMPTY[name] for name in names}
        tables["findings"] = _file_findings(findings, file_ids)
        yield 0, tables
        return
    progress = Progress(len(sources))
    inputs = _Inputs(sources, file_ids, segments, details)
    # With the details, the tables of a window are twice as large.
    limit = WINDOW_BYTES // 2 if details else WINDOW_BYTES
    for window in _pipeline(inputs, windows(sources, regions, limit), findings, progress):
        length = sum(part.end - part.start for part in window.tokens.regions)
        tables = {name: window.tables.get(name, _EMPTY[name]) for name in names}
        del window  # or it would stay while the next one is read
        yield length, tables
        del tables


_EMPTY = {name: schema.empty(name) for name in (*X12_TABLES, *(table.name for table in schema.DETAIL_TABLES))}


class _Inputs(NamedTuple):
    sources: Sequence[Source]
    file_ids: pa.Array
    segments: bool
    details: bool


@dataclass
class _Window:
    """One window between the steps of its reading; `before` stood open at its begin, `after` does at its end."""

    tokens: Tokens
    envelope: Envelope
    context: Context
    columns: Columns
    claims: Ints
    remits: Ints
    before: Open | None
    after: Open | None
    tables: dict[str, pa.Table] = field(default_factory=dict)
    broken: dict[str, Index] = field(
        default_factory=lambda: {"claim": np.zeros(0, np.int64), "remit_claim": np.zeros(0, np.int64)}
    )


def _pipeline(
    inputs: _Inputs, parts: Iterator[list[Region]], findings: Findings, progress: Progress
) -> Iterator[_Window]:
    """The windows, read in three steps: the first and the last in file order, the long one between side by side."""
    first, second = next(parts), next(parts, None)
    if second is None or CORES < 2:
        for regions in chain([first], [second] if second else [], parts):
            window = _opened(inputs, regions, findings, progress, is_alone=True)
            _build(inputs, window)
            _close(inputs, window, progress)
            yield window
            findings = Findings()
        return
    with ThreadPoolExecutor(min(CORES, _MAX_WORKERS)) as pool:
        ahead: deque[tuple[_Window, Future[None]]] = deque()
        longest = 0
        for regions in chain([first, second], parts):
            # A window of one long set takes as much memory as some others: it is read alone.
            size = sum(part.end - part.start for part in regions)
            if max(longest, size) > 2 * WINDOW_BYTES:
                while ahead:
                    yield _closed(inputs, ahead, progress)
            longest = size
            window = _opened(inputs, regions, findings, progress, is_alone=False)
            ahead.append((window, pool.submit(_build, inputs, window)))
            del window  # or it would stay while the next one is opened
            findings = Findings()
            if len(ahead) > min(CORES, _MAX_WORKERS):
                yield _closed(inputs, ahead, progress)
        while ahead:
            yield _closed(inputs, ahead, progress)


def _closed(inputs: _Inputs, ahead: "deque[tuple[_Window, Future[None]]]", progress: Progress) -> _Window:
    window, built = ahead.popleft()
    built.result()
    _close(inputs, window, progress)
    return window


def _opened(
    inputs: _Inputs, regions: Sequence[Region], findings: Findings, progress: Progress, *, is_alone: bool
) -> _Window:
    """Segments, envelopes, loops; moves `progress` past the window."""
    before = progress.open
    copies = Copies(before.isa, before.gs, before.gs_at) if before is not None else None
    tokens = Tokens(inputs.sources, regions, copies)
    envelope = read_envelope(tokens, findings, progress)
    _check_holes(tokens, envelope, findings, before)
    check_bodies(tokens, envelope, findings)
    context = Context(tokens, envelope)
    findings.add("X12-SEGMENT-UNKNOWN", np.flatnonzero((tokens.code == 0) & (context.kind > 0)), None)
    claims, remits = _ordinals(tokens, envelope, progress)
    advance(tokens, envelope, progress)
    columns = Columns(tokens, findings, is_alone=is_alone)
    return _Window(tokens, envelope, context, columns, claims, remits, before, progress.open)


def _build(inputs: _Inputs, window: _Window) -> None:
    """Claims and remittances and the checks of both: what needs nothing of other windows."""
    context, columns, envelope = window.context, window.columns, window.envelope
    if len(context.claim_at):
        builder = Claims837(context, columns, inputs.file_ids, window.claims[context.claim_at])
        found = builder.tables()
        aside = check_claims(context, columns, builder, found)
        window.tables.update(_without(found, builder.rows, aside))
        window.broken["claim"] = np.flatnonzero(aside)
    if (envelope.kind[~envelope.broken] == KIND["835"]).any():
        remit = Remits835(context, columns, inputs.file_ids, window.remits[context.remit_claim_at])
        found = remit.tables()
        aside = check_remittances(context, columns, remit, found)
        window.tables.update(_without(found, remit.rows, aside))
        window.broken["remit_claim"] = np.flatnonzero(aside)
    check_all(context, columns)


def _close(inputs: _Inputs, window: _Window, progress: Progress) -> None:
    """The tables whose ordinals run through a file, the findings, and the statuses that follow from them."""
    tokens, envelope, context, columns = window.tokens, window.envelope, window.context, window.columns
    file_ids, tables, before, findings = inputs.file_ids, window.tables, window.before, columns.findings
    kinds = set(envelope.kind[~envelope.broken].tolist())
    if kinds & {KIND["999"], KIND["997"], KIND["TA1"]}:
        tables["acknowledgements"] = acknowledgements(context, columns, file_ids, progress)
    if kinds & {KIND["277CA"], KIND["277"]}:
        tables["claim_statuses"] = claim_statuses(context, columns, file_ids, progress)
    flat = findings.flatten()
    interchange_status, set_status, has_error = _statuses(tokens, envelope, flat, before)
    tables["interchanges"] = interchange_table(tokens, envelope, file_ids, interchange_status)
    tables["transactions"] = transaction_table(tokens, envelope, file_ids, set_status, *_totals(tokens, envelope))
    ordinals = np.where(context.claim >= 0, np.maximum(window.claims, window.remits), 0)
    tables["findings"] = _findings(tokens, envelope, context, file_ids, flat, ordinals, findings, progress)
    if inputs.segments:
        copied = before.copies if before is not None else 0
        tables["segments"] = _segments(tokens, envelope, context, file_ids, ordinals, copied)
    if inputs.details:
        tables.update(detail_tables(context, file_ids, ordinals, progress, window.broken))
    if window.after is not None:
        # _statuses has taken over what was wrong before the window in the same interchange.
        window.after.has_error = bool(has_error[-1])


def _check_holes(tokens: Tokens, envelope: Envelope, findings: Findings, before: Open | None) -> None:
    """A stretch that was left out breaks the set that it stands in."""
    for number, region in enumerate(tokens.regions):
        if region.hole is not None:
            at = before.copies if number == 0 and before is not None else int(envelope.isa[number])
            findings.add(_LEFT_OUT, np.array([at]))
            if envelope.transaction[at] >= 0:
                envelope.broken[envelope.transaction[at]] = True


def _without(tables: dict[str, pa.Table], rows: dict[str, Ints], broken: Flags) -> dict[str, pa.Table]:
    """The tables without the rows of `broken` claims."""
    if not broken.any():
        return tables
    return {
        name: table.filter(pa.array(~broken[rows[name]])) if name in rows else table for name, table in tables.items()
    }


def _ordinals(tokens: Tokens, envelope: Envelope, progress: Progress) -> tuple[Ints, Ints]:
    """Per segment: how many CLM, and how many CLP, of its file stand up to it, in sets of any state."""
    first_region = np.searchsorted(tokens.source, tokens.source)
    first_segment = envelope.isa[first_region]
    out = []
    rows = np.diff(np.append(envelope.isa, tokens.count))
    for name, code, kinds in (("claim", CODE["CLM"], CLAIM_KINDS), ("remit_claim", CODE["CLP"], (KIND["835"],))):
        at = np.flatnonzero(tokens.code == code)
        kind = envelope.kind_of(at)
        at = at[(kind >= kinds[0]) & (kind <= kinds[-1])]
        count = np.zeros(tokens.count, np.int32)
        count[at] = 1
        np.cumsum(count, out=count)
        before = count[first_segment]  # an ISA is no claim
        earlier = before - progress.base(name, tokens.source)
        out.append((count - np.repeat(earlier, rows)).astype(np.int32))
        progress.add(name, tokens.source[tokens.region[at]])
    return out[0], out[1]


def _totals(tokens: Tokens, envelope: Envelope) -> tuple[Index, Index, Longs, Flags]:
    """By transaction: claims, service lines, charges in cents, and whether there are any."""
    count = len(envelope.opens)

    def of(names: tuple[str, ...], kinds: tuple[int, ...]) -> Index:
        at = np.concatenate([np.flatnonzero(tokens.code == CODE[name]) for name in names])
        kind = envelope.kind_of(at)
        return at[(kind >= kinds[0]) & (kind <= kinds[-1])]

    clm, clp = of(("CLM",), CLAIM_KINDS), of(("CLP",), (KIND["835"],))
    lines = np.concatenate([of(("SV1", "SV2", "SV3"), CLAIM_KINDS), of(("SVC",), (KIND["835"],))])
    claims = np.concatenate([clm, clp])
    cents = np.concatenate([tokens.number(tokens.element(clm, 2), 2)[0], tokens.number(tokens.element(clp, 3), 2)[0]])
    at = envelope.transaction[claims]
    charges = np.zeros(count, np.int64)
    np.add.at(charges, at, cents)
    claim_count = np.bincount(at, minlength=count)
    return claim_count, np.bincount(envelope.transaction[lines], minlength=count), charges, claim_count > 0


def _statuses(
    tokens: Tokens, envelope: Envelope, flat: Flat, before: Open | None
) -> tuple[list[str], list[str], Flags]:
    """Status of each interchange and of each transaction set, and which interchanges have an error."""
    is_error = np.array([BY_CODE[code].severity == "error" for code in flat.codes], np.bool_)
    error_at = flat.segment[is_error[flat.code]] if len(flat.segment) else flat.segment
    bad_region = np.zeros(len(tokens.regions), np.bool_)
    bad_region[tokens.region[error_at]] = True
    bad_set = np.zeros(len(envelope.opens) + 1, np.bool_)
    bad_set[envelope.transaction[error_at]] = True
    sets = [
        QUARANTINED if broken else WITH_ERRORS if bad else ACCEPTED
        for broken, bad in zip(envelope.broken.tolist(), bad_set.tolist(), strict=False)
    ]
    region = tokens.region[envelope.opens]
    total = np.bincount(region, minlength=len(tokens.regions))
    lost = np.bincount(region[envelope.broken], minlength=len(tokens.regions))
    if before is not None:
        total[0] += before.sets
        lost[0] += before.broken_sets
        bad_region[0] |= before.has_error
    interchanges = [
        QUARANTINED if total_ == lost_ and bad else WITH_ERRORS if bad else ACCEPTED
        for total_, lost_, bad in zip(total.tolist(), lost.tolist(), bad_region.tolist(), strict=True)
    ]
    return interchanges, sets, bad_region


def _catalogue(codes: pa.Array) -> dict[str, pa.Array]:
    names = codes.to_pylist()
    entries = [BY_CODE[name] for name in names]
    return {
        "severity": pa.array([e.severity for e in entries], pa.string()),
        "scope": pa.array([e.scope for e in entries], pa.string()),
        "syntax_error_code": pa.array([e.syntax_code for e in entries], pa.string()),
        "message": pa.array([e.message for e in entries], pa.string()),
        "fix": pa.array([e.fix for e in entries], pa.string()),
    }


def _findings(
    tokens: Tokens,
    envelope: Envelope,
    context: Context,
    file_ids: pa.Array,
    flat: Flat,
    ordinals: Ints,
    findings: Findings,
    progress: Progress,
) -> pa.Table:
    """The `findings` table: by file, findings about the file first, then by segment."""
    of_file = _file_findings(findings, file_ids)
    if not len(flat.segment):
        progress.add("finding", np.array([source for _, source, _ in findings.of_files], np.int64))
        return of_file
    segment = flat.segment
    codes = pa.array(list(flat.codes), pa.string())
    code = pa.array(flat.code)
    entries = _catalogue(codes)
    claim = ordinals[segment]
    loop = context.loop[segment]
    data = {
        **provenance(tokens, envelope, file_ids, segment),
        "interchange_ordinal": int32s(envelope.interchange[tokens.region[segment]]),
        "claim_ordinal": int32s(claim, claim > 0),
        "finding_ordinal": int32s(np.zeros(len(segment), np.int32)),
        "code": codes.take(code),
        **{name: values.take(code) for name, values in entries.items()},
        "loop_id": pa.array(LOOPS).take(pa.array(loop, mask=loop == 0)),
        "segment_id": tokens.text(tokens.element(segment, 0)),
        "element_position": int32s(flat.element, flat.element > 0),
        "component_position": int32s(flat.component, flat.component > 0),
    }
    _name_holes(tokens, flat, data)
    table = pa.concat_tables([of_file, make_table("findings", data)])
    place = pc.index_in(table["file_id"].combine_chunks(), file_ids).to_numpy()
    order = np.argsort(place, kind="stable")
    table = table.take(pa.array(order))
    number = within(place[order]) + progress.base("finding", place[order])
    progress.add("finding", place)
    return table.set_column(
        table.schema.get_field_index("finding_ordinal"),
        schema.arrow("findings").field("finding_ordinal"),
        int32s(number),
    )


def _name_holes(tokens: Tokens, flat: Flat, data: dict[str, pa.Array]) -> None:
    """A finding about a stretch that was left out stands at its first byte, and its message tells its length."""
    if _LEFT_OUT not in flat.codes:
        return
    rows = np.flatnonzero(flat.code == flat.codes.index(_LEFT_OUT))
    offset, message = data["byte_offset"].to_pylist(), data["message"].to_pylist()
    for row in rows.tolist():
        begin, end = tokens.regions[tokens.region[flat.segment[row]]].hole or (0, 0)
        offset[row] = begin
        message[row] = f"{message[row]}: {end - begin} bytes from byte {begin}"
    data["byte_offset"], data["message"] = pa.array(offset, pa.int64()), pa.array(message, pa.string())


def _file_findings(findings: Findings, file_ids: pa.Array) -> pa.Table:
    rows = findings.of_files
    count = len(rows)
    codes = pa.array([code for code, _, _ in rows], pa.string())
    none = pa.nulls(count, pa.string())
    zero = int32s(np.zeros(count, np.int32))
    number = pa.nulls(count, pa.int32())
    source = np.array([source for _, source, _ in rows], np.int64)
    data = {
        "file_id": file_ids.take(pa.array(source)),
        "transaction_ordinal": zero,
        "isa_control_number": none,
        "gs_control_number": none,
        "st_control_number": none,
        "segment_ordinal": zero,
        "byte_offset": pa.array([offset for _, _, offset in rows], pa.int64()),
        "interchange_ordinal": zero,
        "claim_ordinal": number,
        "finding_ordinal": int32s(within(source)),
        "code": codes,
        **_catalogue(codes),
        "loop_id": none,
        "segment_id": none,
        "element_position": number,
        "component_position": number,
    }
    return make_table("findings", data)


def _segments(
    tokens: Tokens, envelope: Envelope, context: Context, file_ids: pa.Array, ordinals: Ints, copied: int
) -> pa.Table:
    every = np.arange(copied, tokens.count)
    loop = context.loop[copied:]
    ordinals = ordinals[copied:]
    data = {
        **provenance(tokens, envelope, file_ids, every),
        "claim_ordinal": int32s(ordinals, ordinals > 0),
        "loop_id": pa.array(LOOPS).take(pa.array(loop, mask=loop == 0)),
        "segment_id": _identifiers(tokens).slice(copied),
        "text": tokens.text(tokens.whole(every)),
    }
    return make_table("segments", data)


def _identifiers(tokens: Tokens) -> pa.Array:
    """Segment identifiers; known ones from a dictionary, others as they stand."""
    names = pa.array(SEGMENT_IDS).take(pa.array(tokens.code))
    strange = np.flatnonzero(tokens.code == 0)
    if not len(strange):
        return names
    return pc.replace_with_mask(
        names, pa.array(tokens.code == 0), tokens.text(tokens.element(strange, 0)).fill_null("")
    )
