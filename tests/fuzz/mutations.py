"""Interchanges broken in the ways that files break: cut, lost, doubled and swapped spans, other delimiters, encodings.

Belongs here: seeds, and one mutation at a time. Does not belong here: what must hold for the result.
"""

import gzip
import io
import zipfile
from collections.abc import Callable
from random import Random
from typing import TypeAlias

from tests.unit.x12.interchanges import CLAIM, interchange, professional, remittance, transaction

Mutation: TypeAlias = Callable[[bytes, Random], bytes]

_MARKS = b"~*:^|\n\x1d\x1c\x1f!@#>'\r \x00A1"


def seeds() -> list[bytes]:
    """Small whole interchanges of the kinds that are read most."""
    paid = remittance("CLP*C1*1*100*80**CI*I", "CAS*CO*45*20", "SVC*HC:99213*100*80**1", "DTM*472*20240115")
    answer = transaction("999", "005010X231A1", ["AK1*HC*1", "AK2*837*0001", "IK5*A", "AK9*A*1*1*1"])
    status = ["BHT*0085*08*1*20240131*1200*TH", "HL*1**20*1", "NM1*PR*2*P*****PI*1", "STC*A1:19*20240131**100"]
    return [
        interchange(professional(CLAIM, CLAIM), professional(CLAIM, control="0002")),
        interchange(paid, functional="HP", guide="005010X221A1"),
        interchange(answer, functional="FA", guide="005010X231A1"),
        interchange(transaction("277", "005010X214", status), functional="HN", guide="005010X214"),
        interchange(professional()) + b"\n" + interchange(paid, functional="HP", guide="005010X221A1", control=2),
    ]


def mutate(data: bytes, random: Random) -> bytes:
    """`data` after one to four mutations."""
    for _ in range(random.randint(1, 4)):
        data = random.choice(MUTATIONS)(data, random)
    return data[:20_000]


def _span(data: bytes, random: Random) -> tuple[int, int]:
    start = random.randint(0, len(data))
    return start, min(len(data), start + random.choice((1, 2, 8, 60, 400)))


def _truncate(data: bytes, random: Random) -> bytes:
    return data[: random.randint(0, len(data))]


def _delete(data: bytes, random: Random) -> bytes:
    start, end = _span(data, random)
    return data[:start] + data[end:]


def _double(data: bytes, random: Random) -> bytes:
    start, end = _span(data, random)
    return data[:end] + data[start:end] * random.choice((1, 2, 20)) + data[end:]


def _swap(data: bytes, random: Random) -> bytes:
    segments = data.split(b"~")
    first, second = random.randrange(len(segments)), random.randrange(len(segments))
    segments[first], segments[second] = segments[second], segments[first]
    return b"~".join(segments)


def _noise(data: bytes, random: Random) -> bytes:
    start, end = _span(data, random)
    return data[:start] + random.randbytes(end - start) + data[end:]


def _mark(data: bytes, random: Random) -> bytes:
    return data.replace(bytes([random.choice(_MARKS)]), bytes([random.choice(_MARKS)]))


def _insert(data: bytes, random: Random) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + bytes([random.choice(_MARKS)]) * random.choice((1, 2, 70)) + data[at:]


def _wrap(data: bytes, random: Random) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.837", data)
    text = data.decode("latin-1")
    return random.choice(
        (
            b"\xef\xbb\xbf" + data, text.encode("utf-16"), text.encode("utf-16-be"), packed.getvalue(),
            gzip.compress(data), b"\r\n\x00" + data, b"garbage" + data, data + b"\x1a" * 100, data[3:], data + data,
            text.replace("JANE", "JOSÉ").encode("latin-1"), text.replace("JANE", "JOSÉ").encode(),
        )
    )  # fmt: skip


MUTATIONS: tuple[Mutation, ...] = (_truncate, _delete, _double, _swap, _noise, _mark, _insert, _wrap)
