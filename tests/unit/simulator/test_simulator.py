"""The simulated network, read back with plain checks of its own: no codec of ours takes part.

Splitting at the delimiters that stand in the ISA is all that is done here; what the files must hold is written out.
"""

import csv
import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from claims import schema
from claims.simulator import SimulationReport, World, simulate
from claims.simulator.network import npi

ZERO = Decimal(0)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SimulationReport]:
    out = tmp_path_factory.mktemp("network")
    return out, simulate(out, claims=2500, seed=11, months=14)


def segments(path: Path) -> list[list[str]]:
    """The segments of a file as lists of elements; components are put back to `:`."""
    text = path.read_bytes().decode("ascii")
    element, component, terminator = text[3], text[104], text[105]
    return [
        s.strip("\r\n").replace(component, ":").split(element) if i else s.split(element)
        for i, s in enumerate(text.split(terminator))
        if s.strip("\r\n")
    ]


def files(out: Path, feed: str) -> list[Path]:
    return sorted(out.glob(f"landing/*/{feed}/*/*"))


def transactions(path: Path) -> Iterator[list[list[str]]]:
    found: list[list[str]] = []
    for segment in segments(path):
        if segment[0] == "ST":
            found = []
        found.append(segment)
        if segment[0] == "SE":
            yield found
            found = []


def digest(out: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(p for p in out.rglob("*") if p.is_file()):
        whole.update(str(path.relative_to(out)).encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()


def auc(p: np.ndarray, y: np.ndarray) -> float:
    """ROC AUC by mean ranks (Mann and Whitney), ties halved."""
    _, inverse, counts = np.unique(p, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n1 = int(y.sum())
    return float((rank[y].sum() - n1 * (n1 + 1) / 2) / (n1 * (len(y) - n1)))


def test_same_seed_gives_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        simulate(tmp_path / name, claims=150, seed=5, months=4)
    simulate(tmp_path / "c", claims=150, seed=6, months=4)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert digest(tmp_path / "a") != digest(tmp_path / "c")


@pytest.mark.parametrize("feed", ["837", "835", "999", "277ca"])
def test_envelopes_count_what_they_hold(network: tuple[Path, SimulationReport], feed: str) -> None:
    paths = files(network[0], feed)
    assert paths
    for path in paths:
        found = segments(path)
        isa, gs, ge, iea = found[0], found[1], found[-2], found[-1]
        assert [s[0] for s in (isa, gs, ge, iea)] == ["ISA", "GS", "GE", "IEA"]
        assert [len(e) for e in isa[1:]] == [2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1]
        bodies = list(transactions(path))
        assert iea[1:] == ["1", isa[13]]
        assert ge[1:] == [str(len(bodies)), gs[6]]
        for number, body in enumerate(bodies, start=1):
            assert body[0][2] == body[-1][2] == f"{number:04d}"
            assert body[-1][1] == str(len(body))


@pytest.mark.parametrize("feed", ["837", "835"])
def test_control_numbers_have_no_gaps(network: tuple[Path, SimulationReport], feed: str) -> None:
    numbers: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for path in files(network[0], feed):
        isa = segments(path)[0]
        numbers[isa[6], isa[8]].append(int(isa[13]))
    for found in numbers.values():
        assert sorted(found) == list(range(1, len(found) + 1))


def test_levels_of_an_837_point_to_their_parents(network: tuple[Path, SimulationReport]) -> None:
    relations: Counter[tuple[str, str]] = Counter()
    for path in files(network[0], "837"):
        for body in transactions(path):
            levels = {s[1]: s for s in body if s[0] == "HL"}
            assert list(levels) == [str(n) for n in range(1, len(levels) + 1)]
            children = Counter(s[2] for s in levels.values() if s[2])
            for s in levels.values():
                assert s[4] == ("1" if children[s[1]] else "0")
                relations[s[3], levels[s[2]][3] if s[2] else ""] += 1
    assert set(relations) == {("20", ""), ("22", "20"), ("23", "22")}


def claims_of(out: Path) -> Iterator[tuple[list[str], list[list[str]]]]:
    """(the subscriber's SBR, the segments from CLM on) of every claim."""
    for path in files(out, "837"):
        for body in transactions(path):
            subscriber: list[str] = []
            claim: list[list[str]] | None = None
            for s in body:
                if s[0] in ("HL", "SE"):
                    if claim:
                        yield subscriber, claim
                    claim = None
                elif s[0] == "SBR" and claim is None:
                    subscriber = s
                elif s[0] == "CLM":
                    claim = []
                if claim is not None:
                    claim.append(s)


def test_claims_balance(network: tuple[Path, SimulationReport]) -> None:
    count = secondary = 0
    for _, claim in claims_of(network[0]):
        count += 1
        charges = [Decimal(s[2]) for s in claim if s[0] == "SV1"] + [Decimal(s[3]) for s in claim if s[0] == "SV2"]
        assert Decimal(claim[0][2]) == sum(charges)
        svd = [Decimal(s[2]) for s in claim if s[0] == "SVD"]
        if svd:
            secondary += 1
            paid = next(Decimal(s[2]) for s in claim if s[:2] == ["AMT", "D"])
            cas = sum((Decimal(a) for s in claim if s[0] == "CAS" for a in s[3::3]), ZERO)
            assert len(svd) == len(charges)
            assert paid == sum(svd)
            assert Decimal(claim[0][2]) == paid + cas
    assert count == network[1].submissions
    assert secondary > 3


def test_claims_hold_what_real_ones_hold(network: tuple[Path, SimulationReport]) -> None:
    kinds: Counter[str] = Counter()
    keys: Counter[str] = Counter()
    for subscriber, claim in claims_of(network[0]):
        clm = claim[0]
        place, qualifier, frequency = clm[5].split(":")
        kinds[qualifier] += 1
        kinds[f"frequency {frequency}"] += 1
        kinds["dependent" if not subscriber[2] else "self"] += 1
        kinds[f"order {subscriber[1]}"] += 1
        references = {s[1] for s in claim if s[0] == "REF"}
        assert ("F8" in references) == (frequency in ("7", "8"))
        kinds.update(references)
        kinds["other payer"] += any(s[0] == "SBR" for s in claim)
        kinds["two lines"] += sum(s[0] == "LX" for s in claim) > 1
        kinds["inpatient"] += place == "11" and qualifier == "A"
        keys.update(s[2] for s in claim if s[:2] == ["REF", "6R"])
        diagnoses = [c.split(":")[1] for s in claim if s[0] == "HI" for c in s[1:] if c[:3] in ("ABK", "ABF")]
        for s in claim:
            if s[0] == "SV1":
                assert all(1 <= int(p) <= len(diagnoses) for p in s[7].split(":"))
    assert max(keys.values()) == 1
    assert 0.1 < kinds["A"] / (kinds["A"] + kinds["B"]) < 0.2
    for wanted in ("frequency 7", "frequency 8", "dependent", "order S", "G1", "other payer", "two lines", "inpatient"):
        assert kinds[wanted], wanted


def test_identifiers_pass_luhn(network: tuple[Path, SimulationReport]) -> None:
    numbers = {
        s[9]
        for path in files(network[0], "837")
        for s in segments(path)
        if s[0] == "NM1" and len(s) > 9 and s[8] == "XX"
    }
    assert 55 <= len(numbers) <= 75
    for number in numbers:
        doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed("80840" + number))]
        assert sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
    assert npi(123456789) == "1234567893"  # the example of CMS


def test_remittances_balance_to_the_cent(network: tuple[Path, SimulationReport]) -> None:
    seen: Counter[str] = Counter()
    for path in files(network[0], "835"):
        for body in transactions(path):
            bpr = next(s for s in body if s[0] == "BPR")
            clp_paid = plb = ZERO
            claim: dict[str, Decimal] = {}
            line: dict[str, Decimal] = {}

            def close_line(line: dict[str, Decimal]) -> None:
                if line:
                    assert line["charge"] - line["adjusted"] == line["paid"]
                    line.clear()

            def close_claim(claim: dict[str, Decimal]) -> None:
                if claim:
                    assert claim["charge"] - claim["adjusted"] == claim["paid"]
                    assert claim["responsibility"] == claim["pr"]
                    assert not claim["lines"] or claim["line charges"] == claim["charge"]
                    claim.clear()

            for s in body:
                if s[0] in ("CLP", "PLB", "SE", "SVC"):
                    close_line(line)
                if s[0] in ("CLP", "PLB", "SE"):
                    close_claim(claim)
                if s[0] == "CLP":
                    seen[f"status {s[2]}"] += 1
                    clp_paid += Decimal(s[4])
                    claim = dict.fromkeys(("adjusted", "pr", "lines", "line charges"), ZERO)
                    claim |= {"charge": Decimal(s[3]), "paid": Decimal(s[4]), "responsibility": Decimal(s[5])}
                elif s[0] == "SVC":
                    line = {"charge": Decimal(s[2]), "paid": Decimal(s[3]), "adjusted": ZERO}
                    claim["lines"] += 1
                    claim["line charges"] += line["charge"]
                elif s[0] == "CAS":
                    amount = sum((Decimal(a) for a in s[3::3]), ZERO)
                    assert len(s) <= 2 + 18
                    seen["triplets"] = max(seen["triplets"], len(s[2::3]))
                    claim["adjusted"] += amount
                    claim["pr"] += amount if s[1] == "PR" else ZERO
                    if line:
                        line["adjusted"] += amount
                elif s[0] == "PLB":
                    for code, amount_text in zip(s[3::2], s[4::2], strict=True):
                        seen[code.split(":")[0]] += 1
                        plb += Decimal(amount_text)
            assert Decimal(bpr[2]) == clp_paid - plb
            assert Decimal(bpr[2]) >= 0
    for wanted in ("status 1", "status 2", "status 4", "status 22", "WO", "L6"):
        assert seen[wanted], wanted
    assert seen["triplets"] >= 3


def test_each_answered_line_was_sent(network: tuple[Path, SimulationReport]) -> None:
    sent = {s[2] for _, claim in claims_of(network[0]) for s in claim if s[:2] == ["REF", "6R"]}
    answered = {s[2] for p in files(network[0], "835") for s in segments(p) if s[:2] == ["REF", "6R"]}
    assert answered <= sent
    assert len(answered) > 0.7 * len(sent)


def test_remittances_come_10_to_45_days_later_and_the_last_claims_have_none(
    network: tuple[Path, SimulationReport],
) -> None:
    sent: dict[str, date] = {}
    for path in files(network[0], "837"):
        day = date.fromisoformat(path.parent.name)
        for s in segments(path):
            if s[0] == "CLM":
                sent.setdefault(s[1], day)
    first: dict[str, date] = {}
    for path in files(network[0], "835"):
        for s in segments(path):
            if s[0] == "CLP":
                first.setdefault(s[1], date.fromisoformat(path.parent.name))
                first[s[1]] = min(first[s[1]], date.fromisoformat(path.parent.name))
    lags = sorted((first[c] - sent[c]).days for c in first)
    assert lags[0] >= 9
    assert 12 <= lags[len(lags) // 2] <= 35
    last_week = [c for c, day in sent.items() if day > network[1].last_day - timedelta(days=8)]
    assert last_week
    assert not set(last_week) & set(first)


def test_clearinghouse_answers_every_claim(network: tuple[Path, SimulationReport]) -> None:
    statuses = Counter(
        (s[1].split(":")[0], s[3])
        for path in files(network[0], "277ca")
        for s in segments(path)
        if s[0] == "STC" and not s[1].startswith("A1")
    )
    assert sum(statuses.values()) == network[1].submissions
    refused = sum(n for (_, action), n in statuses.items() if action == "U")
    assert 0 < refused < 0.03 * network[1].submissions
    groups = {(s[1], s[2]) for p in files(network[0], "999") for s in segments(p) if s[0] == "AK9"}
    assert groups == {("A", "1")}


def test_a_277ca_traces_the_batch_that_it_answers(network: tuple[Path, SimulationReport]) -> None:
    sent = {s[3] for path in files(network[0], "837") for s in segments(path) if s[0] == "BHT"}
    traced = []
    for path in files(network[0], "277ca"):
        for found in transactions(path):
            at = next(n for n, s in enumerate(found) if s[0] == "HL" and s[3] == "21")
            traced.append(next(s[2] for s in found[at:] if s[0] == "TRN"))
    assert traced
    assert set(traced) == sent


@pytest.mark.parametrize(("feed", "table"), [("eligibility", "eligibility"), ("authorization", "authorizations")])
def test_extracts_have_the_columns_of_the_schema(network: tuple[Path, SimulationReport], feed: str, table: str) -> None:
    provenance = {c.name for c in schema.ROW_PROVENANCE}
    wanted = set(schema.arrow(table).names) - provenance
    for path in files(network[0], feed):
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
        assert rows
        assert set(rows[0]) == wanted


def test_denials_look_like_public_figures(network: tuple[Path, SimulationReport]) -> None:
    assert 0.11 <= network[1].denial_rate <= 0.16
    truth = pq.read_table(network[0] / "truth" / "denials").to_pandas()
    denied = truth[truth.is_denied.fillna(False).astype(bool)]
    share = denied.reason_code.value_counts(normalize=True)
    assert share.index[0] in ("16", "197")
    for code, low, high in [
        ("16", 0.12, 0.3),
        ("197", 0.06, 0.2),
        ("27", 0.04, 0.16),
        ("18", 0.02, 0.16),
        ("50", 0.03, 0.14),
    ]:
        assert low <= share[code] <= high, code
    assert {"29", "22", "4", "96", "97", "31"} <= set(share.index)


def test_truth_is_the_probability_of_what_happens(network: tuple[Path, SimulationReport]) -> None:
    truth = pq.read_table(network[0] / "truth" / "denials").to_pandas()
    taken = truth[truth.is_denied.notna()]
    y, p = taken.is_denied.astype(bool).to_numpy(), taken.denial_probability.to_numpy()
    error = (p.sum() - y.sum()) / np.sqrt((p * (1 - p)).sum())
    assert abs(error) < 4
    for low, high in [(0, 0.05), (0.05, 0.3), (0.3, 1)]:
        part = (p >= low) & (p < high)
        spread = np.sqrt((p[part] * (1 - p[part])).sum())
        assert abs(p[part].sum() - y[part].sum()) < 4 * spread
    assert 0.84 <= auc(p, y) <= 0.93
    assert not truth.duplicated(["patient_control_number", "submission_number"]).any()


def test_truth_says_what_the_remittance_says(network: tuple[Path, SimulationReport]) -> None:
    """A claim of one submission is denied in its first 835 exactly when the truth says so."""
    truth = pq.read_table(network[0] / "truth" / "denials").to_pandas()
    once = truth[~truth.patient_control_number.duplicated(keep=False) & truth.is_denied.notna()]
    expected = dict(zip(once.patient_control_number, once.is_denied.astype(bool), strict=True))
    found: dict[str, bool] = {}
    for path in sorted(files(network[0], "835"), key=lambda p: p.parent.name):
        for body in transactions(path):
            claim, fresh, contractual = "", False, True
            line: list[str] = []
            patient = ZERO
            for s in [*body, ["SVC"]]:
                if s[0] in ("CLP", "SVC", "SE", "PLB"):
                    if fresh and line and Decimal(line[2]) > 0 and Decimal(line[3]) == 0 and patient == 0:
                        found[claim] = found[claim] or not contractual
                    line, patient, contractual = [], ZERO, True
                if s[0] == "CLP":
                    claim, fresh = s[1], s[1] not in found and s[2] != "22"
                    if fresh:
                        found[claim] = s[2] == "4"
                elif s[0] == "SVC" and len(s) > 1:
                    line = s
                elif s[0] == "CAS":
                    patient += sum((Decimal(a) for a in s[3::3]), ZERO) if s[1] == "PR" else ZERO
                    contractual = contractual and set(s[2::3]) <= {"45", "23", "253", "237", "104", "59", "223", "131"}
    both = expected.keys() & found.keys()
    assert len(both) > 1500
    assert [c for c in both if expected[c] != found[c]] == []


def test_another_world_can_hardly_be_foreseen(tmp_path: Path) -> None:
    simulate(tmp_path, claims=6000, seed=3, months=4, world=World.murky())
    truth = pq.read_table(tmp_path / "truth" / "denials").to_pandas()
    taken = truth[truth.is_denied.notna()]
    ceiling = auc(taken.denial_probability.to_numpy(), taken.is_denied.astype(bool).to_numpy())
    assert 0.57 <= ceiling <= 0.65


def test_policies_change_part_way(network: tuple[Path, SimulationReport]) -> None:
    from claims.simulator.payers import AFTER, BEFORE, CHANGED

    assert len(CHANGED) >= 2
    grown = [i for i in CHANGED if AFTER[i].authorization > BEFORE[i].authorization]
    assert len(grown) >= 2
    assert network[1].first_day < network[1].change_day < network[1].last_day


@pytest.mark.parametrize("wrong", [{"claims": 0}, {"months": 0}])
def test_refuses_an_empty_network(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        simulate(tmp_path, **wrong)


def test_an_answer_is_taken_back_once_and_only_after_it_was_given(network: tuple[Path, SimulationReport]) -> None:
    out, _ = network
    given: set[str] = set()
    taken: Counter[str] = Counter()
    for path in sorted(files(out, "835"), key=lambda p: p.parent.name):
        claims = [s for s in segments(path) if s[0] == "CLP"]
        taken.update(s[7] for s in claims if s[2] == "22")
        assert {s[7] for s in claims if s[2] == "22"} <= given
        given |= {s[7] for s in claims if s[2] != "22"}
    assert taken
    assert set(taken.values()) == {1}
