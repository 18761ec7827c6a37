"""Payer contracts as data: YAML or JSON files, checked whole when they are loaded.

Belongs here: the model of a contract, reading and checking its file. Does not belong here: applying it to lines
(`claims.pricing.terms`).

A file holds `contracts:`, a list; a long list of fees stands beside it, as CSV. Every problem found is reported with
file and line, all of them at once; a file with one problem gives no contract at all. docs/pricing.md shows each method.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

import yaml

_CODE = re.compile(r"[A-Z0-9]{5}")
_FEE_KEY = re.compile(r"([A-Z0-9]{5})(?:-([A-Z0-9]{2}))?")
_MONEY = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,2})?")
_MAX_PERCENT = Decimal(1000)
_CENTS = Decimal("0.01")
_SUFFIXES = frozenset({".yml", ".yaml", ".json"})
_FEE_COLUMNS = ("code", "modifier", "fee", "facility_fee")


class Method(StrEnum):
    """How a term arrives at an amount."""

    PERCENT_OF_MEDICARE = "percent_of_medicare"
    PERCENT_OF_CHARGE = "percent_of_charge"
    FIXED_FEE = "fixed_fee"
    CASE_RATE = "case_rate"


class ContractError(ValueError):
    """Contract files that cannot be used; `problems` has one `file:line: what is wrong` each."""

    code = "PRICE-CONTRACT"

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep every problem; the message is all of them, a line each."""
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Codes:
    """Which procedure codes a term is about: single codes, ranges with both ends, or every code."""

    single: tuple[str, ...] = ()
    ranges: tuple[tuple[str, str], ...] = ()
    is_all: bool = False


@dataclass(frozen=True)
class Term:
    """One term. `percent` is a factor (1.25 = 125 %), exact to six decimals; `fees` is keyed (code, modifier or "").

    `facility_fees` are those that differ in a facility: a hospital outpatient line, or a place of service that is one.
    """

    method: Method
    codes: Codes
    percent: Decimal | None = None
    amount: Decimal | None = None
    fees: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    facility_fees: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    unpriced_percent_of_charge: Decimal | None = None
    is_carve_out: bool = False


@dataclass(frozen=True)
class Contract:
    """What was agreed with payers for a span of days. Of its terms the first that takes the code holds."""

    contract_id: str
    payer_ids: tuple[str, ...]
    effective_from: date
    effective_to: date | None
    is_lesser_of: bool
    is_sequestered: bool
    terms: tuple[Term, ...]


MEDICARE = Contract(
    "medicare",
    (),
    date(1992, 1, 1),
    None,
    is_lesser_of=True,
    is_sequestered=True,
    terms=(Term(Method.PERCENT_OF_MEDICARE, Codes(is_all=True), percent=Decimal(1)),),
)


def load_contracts(*paths: Path) -> tuple[Contract, ...]:
    """Contracts of YAML or JSON files, or of every *.yml, *.yaml and *.json of folders, by name.

    Raises `ContractError` with every problem of every file: unknown or missing words, wrong types, codes that are
    none, percents out of range, a term that no code can reach, a fee list with a bad row, one payer under two contracts
    on one day.
    """
    problems: list[str] = []
    found: list[tuple[str, Contract]] = []
    for one in (file for path in paths for file in contract_files(path)):
        reader = _Reader(one)
        try:
            text = one.read_text(encoding="utf-8")
        except OSError as error:
            problems.append(f"{one.name}:1: {error.strerror}")
            continue
        except UnicodeDecodeError:
            problems.append(f"{one.name}:1: not UTF-8")
            continue
        found.extend(reader.read(text))
        problems.extend(reader.problems)
    problems.extend(_overlaps(found))
    if problems:
        raise ContractError(dict.fromkeys(problems))  # two terms may name one fee list
    return tuple(contract for _, contract in found)


def contract_files(path: Path) -> list[Path]:
    """The contract files of a folder, by name, or the file itself."""
    return sorted(one for one in path.iterdir() if one.suffix in _SUFFIXES) if path.is_dir() else [path]


def contracts_of(root: Path, tenant_id: str) -> tuple[Contract, ...]:
    """A tenant's contracts: the files in `root`, which hold for everybody, and those in its folder `root/<tenant>`.

    None where there is neither. Raises `ContractError` as `load_contracts` does.
    """
    return load_contracts(*(path for path in (root, root / tenant_id) if path.is_dir()))


def _overlaps(found: list[tuple[str, Contract]]) -> list[str]:
    problems = []
    ids: dict[str, str] = {}
    by_payer: dict[str, list[tuple[str, Contract]]] = {}
    for place, contract in found:
        if contract.contract_id in ids:
            problems.append(f"{place}: contract {contract.contract_id!r} is also at {ids[contract.contract_id]}")
        ids.setdefault(contract.contract_id, place)
        for payer in contract.payer_ids:
            by_payer.setdefault(payer, []).append((place, contract))
    for payer, held in by_payer.items():
        held.sort(key=lambda one: one[1].effective_from)
        for (_, before), (place, after) in pairwise(held):
            if before.effective_to is None or before.effective_to >= after.effective_from:
                problems.append(
                    f"{place}: payer {payer!r} has two contracts from {after.effective_from}: "
                    f"{before.contract_id!r} and {after.contract_id!r}"
                )
    return problems


class _Reader:
    """Walks the nodes of one file, so that every problem has its line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        self.problems: list[str] = []

    def read(self, text: str) -> list[tuple[str, Contract]]:
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            self.problems.append(f"{self.name}:{line}: {error.problem}")
            return []
        except yaml.YAMLError:
            self.problems.append(f"{self.name}:1: holds a character that YAML does not allow")
            return []
        if root is None:
            self.problems.append(f"{self.name}:1: empty")
            return []
        top = self._mapping(root, {"contracts"}, {"contracts"})
        if "contracts" not in top:
            return []
        out = []
        for node in self._sequence(top["contracts"], "contracts"):
            contract = self._contract(node)
            if contract is not None:
                out.append((f"{self.name}:{node.start_mark.line + 1}", contract))
        return out

    def _wrong(self, node: yaml.Node, message: str) -> None:
        self.problems.append(f"{self.name}:{node.start_mark.line + 1}: {message}")

    def _mapping(self, node: yaml.Node, known: set[str], needed: set[str]) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, f"expected words with values: {', '.join(sorted(known))}")
            return {}
        out: dict[str, yaml.Node] = {}
        for key, value in node.value:
            word = key.value if isinstance(key, yaml.ScalarNode) else ""
            if word not in known:
                self._wrong(key, f"unknown word {word!r}; known: {', '.join(sorted(known))}")
            elif word in out:
                self._wrong(key, f"{word!r} stands twice")
            else:
                out[word] = value
        if missing := sorted(needed - set(out)):
            self._wrong(node, f"missing: {', '.join(missing)}")
        return out

    def _sequence(self, node: yaml.Node, word: str) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self._wrong(node, f"{word} must be a list with at least one entry")
            return []
        return list(node.value)

    def _text(self, node: yaml.Node, word: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self._wrong(node, f"{word} must be a text")
            return ""
        return str(node.value).strip()

    def _flag(self, node: yaml.Node, word: str) -> bool:
        if isinstance(node, yaml.ScalarNode) and node.value in {"true", "false"}:
            return bool(node.value == "true")
        self._wrong(node, f"{word} must be true or false")
        return False

    def _day(self, node: yaml.Node, word: str) -> date | None:
        text = self._text(node, word)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            self._wrong(node, f"{word} {text!r} is no day; write YYYY-MM-DD")
            return None

    def _number(self, node: yaml.Node, word: str) -> Decimal | None:
        text = self._text(node, word)
        try:
            value = Decimal(text)
        except InvalidOperation:
            if text:
                self._wrong(node, f"{word} {text!r} is no number")
            return None
        if not value.is_finite() or value < 0:
            self._wrong(node, f"{word} {text!r} must not be negative")
            return None
        return value

    def _percent(self, node: yaml.Node, word: str) -> Decimal | None:
        value = self._number(node, word)
        if value is None:
            return None
        if not 0 < value <= _MAX_PERCENT or value != round(value, 4):
            self._wrong(node, f"{word} must be above 0, at most {_MAX_PERCENT}, with at most four decimals")
            return None
        return value / 100

    def _money(self, node: yaml.Node, word: str) -> Decimal | None:
        value = self._number(node, word)
        if value is not None and (value != value.quantize(_CENTS) or value >= 10_000_000):
            self._wrong(node, f"{word} must be an amount in cents below 10,000,000")
            return None
        return value

    def _contract(self, node: yaml.Node) -> Contract | None:
        before = len(self.problems)
        words = self._mapping(
            node,
            {"id", "payers", "effective_from", "effective_to", "lesser_of", "sequestration", "carve_outs", "terms"},
            {"id", "payers", "effective_from", "terms"},
        )
        contract_id = self._text(words["id"], "id") if "id" in words else ""
        payers = tuple(
            self._text(one, "payers")
            for one in (self._sequence(words["payers"], "payers") if "payers" in words else ())
        )
        start = self._day(words["effective_from"], "effective_from") if "effective_from" in words else None
        end = self._day(words["effective_to"], "effective_to") if "effective_to" in words else None
        if start and end and end < start:
            self._wrong(words["effective_to"], "effective_to is before effective_from")
        terms: list[Term] = []
        for word in ("carve_outs", "terms"):
            for one in self._sequence(words[word], word) if word in words else ():
                if terms and terms[-1].codes.is_all and not terms[-1].is_carve_out:
                    self._wrong(one, "no code reaches this term: the one before takes every code")
                term = self._term(one, is_carve_out=word == "carve_outs")
                if term is not None:
                    terms.append(term)
        lesser_of = self._flag(words["lesser_of"], "lesser_of") if "lesser_of" in words else False
        sequestration = self._flag(words["sequestration"], "sequestration") if "sequestration" in words else False
        if len(self.problems) > before or start is None:
            return None
        return Contract(contract_id, payers, start, end, lesser_of, sequestration, tuple(terms))

    def _term(self, node: yaml.Node, *, is_carve_out: bool) -> Term | None:
        before = len(self.problems)
        known = {"codes", "method", "percent", "amount", "fees", "fees_file", "unpriced_percent_of_charge"}
        words = self._mapping(node, known, {"method"})
        if "method" not in words:
            return None
        name = self._text(words["method"], "method")
        if name not in set(Method):
            self._wrong(words["method"], f"no method {name!r}; one of {', '.join(Method)}")
            return None
        method = Method(name)
        allowed = {
            Method.PERCENT_OF_MEDICARE: {"percent", "unpriced_percent_of_charge"},
            Method.PERCENT_OF_CHARGE: {"percent"},
            Method.FIXED_FEE: {"fees_file" if "fees_file" in words else "fees"},
            Method.CASE_RATE: {"amount"},
        }[method]
        for word in sorted(set(words) - allowed - {"codes", "method"}):
            self._wrong(words[word], f"{word} is no word of {method}")
        for word in sorted(allowed - set(words) - {"unpriced_percent_of_charge"}):
            self._wrong(node, f"{method} needs {word}")
        percent = self._percent(words["percent"], "percent") if "percent" in words else None
        unpriced = None
        if "unpriced_percent_of_charge" in words:
            unpriced = self._percent(words["unpriced_percent_of_charge"], "unpriced_percent_of_charge")
        amount = self._money(words["amount"], "amount") if "amount" in words else None
        fees = self._fees(words["fees"]) if "fees" in words else {}
        facility_fees: dict[tuple[str, str], Decimal] = {}
        if "fees_file" in words:
            fees, facility_fees = self._fees_file(words["fees_file"])
        if "codes" in words:
            codes = self._codes(words["codes"])
        elif fees:
            codes = Codes(single=tuple(sorted({code for code, _ in fees})))
        else:
            codes = Codes(is_all=True)
        if is_carve_out and codes.is_all:
            self._wrong(node, "a carve-out needs codes")
        if len(self.problems) > before:
            return None
        return Term(method, codes, percent, amount, fees, facility_fees, unpriced, is_carve_out)

    def _codes(self, node: yaml.Node) -> Codes:
        single: list[str] = []
        ranges: list[tuple[str, str]] = []
        for one in self._sequence(node, "codes"):
            text = self._text(one, "codes").upper()
            low, dash, high = text.partition("-")
            if text.endswith("*") and text[:-1].isalnum() and len(text) <= 5:
                stem = text[:-1]
                ranges.append((stem.ljust(5, "0"), stem.ljust(5, "Z")))
            elif not dash and _CODE.fullmatch(text):
                single.append(text)
            elif _CODE.fullmatch(low) and _CODE.fullmatch(high) and low <= high:
                ranges.append((low, high))
            elif text:
                self._wrong(one, f"{text!r} is no code, no range A-B with A before B, and no stem like J*")
        return Codes(tuple(single), tuple(ranges))

    def _fees(self, node: yaml.Node) -> dict[tuple[str, str], Decimal]:
        if not isinstance(node, yaml.MappingNode) or not node.value:
            self._wrong(node, "fees must be codes with amounts")
            return {}
        fees: dict[tuple[str, str], Decimal] = {}
        for key, value in node.value:
            text = str(key.value).upper() if isinstance(key, yaml.ScalarNode) else ""
            match = _FEE_KEY.fullmatch(text)
            if match is None:
                self._wrong(key, f"{text!r} is no code, or code-modifier")
                continue
            amount = self._money(value, text)
            place = (match[1], match[2] or "")
            if place in fees:
                self._wrong(key, f"{text} stands twice")
            elif amount is not None:
                fees[place] = amount
        return fees

    def _fees_file(self, node: yaml.Node) -> tuple[dict[tuple[str, str], Decimal], dict[tuple[str, str], Decimal]]:
        """The fee list beside the contract: code, modifier, fee, and facility_fee where that is another."""
        name = self._text(node, "fees_file")
        fees: dict[tuple[str, str], Decimal] = {}
        in_facility: dict[tuple[str, str], Decimal] = {}
        if not name or Path(name).name != name or not name.endswith(".csv"):
            self._wrong(node, f"fees_file {name!r} must be the name of a .csv beside this file")
            return fees, in_facility
        try:
            with (self.path.parent / name).open(encoding="utf-8-sig", newline="") as file:
                rows = csv.reader(file)
                head = [cell.strip().lower() for cell in next(rows, [])]
                unknown = set(head) - set(_FEE_COLUMNS)
                if unknown or len(set(head)) < len(head) or not {"code", "fee"} <= set(head):
                    self.problems.append(
                        f"{name}:1: the header must be of code, modifier, fee, facility_fee, with code and fee"
                    )
                    return fees, in_facility
                for cells in rows:
                    if any(cell.strip() for cell in cells):
                        self._fee_row(f"{name}:{rows.line_num}", head, cells, fees, in_facility)
        except OSError as error:
            self._wrong(node, f"fees_file {name!r}: {error.strerror}")
        except UnicodeDecodeError:
            self.problems.append(f"{name}:1: not UTF-8")
        except csv.Error as error:
            self.problems.append(f"{name}:1: no CSV: {error}")
        if not fees and not self.problems:
            self.problems.append(f"{name}:1: no fee")
        return fees, in_facility

    def _fee_row(
        self,
        place: str,
        head: list[str],
        cells: list[str],
        fees: dict[tuple[str, str], Decimal],
        in_facility: dict[tuple[str, str], Decimal],
    ) -> None:
        if len(cells) != len(head):
            self.problems.append(f"{place}: {len(cells)} cells, the header has {len(head)}")
            return
        row = {name: cell.strip() for name, cell in zip(head, cells, strict=True)}
        code, modifier = row["code"].upper(), row.get("modifier", "").upper()
        if not _FEE_KEY.fullmatch(f"{code}-{modifier}" if modifier else code):
            self.problems.append(f"{place}: {code} {modifier} is no code, or code with modifier".replace("  ", " "))
            return
        if (code, modifier) in fees:
            self.problems.append(f"{place}: {code} {modifier} stands twice".replace("  ", " "))
            return
        for column, into in (("fee", fees), ("facility_fee", in_facility)):
            text = row.get(column, "")
            if not text and column == "facility_fee":
                continue
            if not _MONEY.fullmatch(text):
                self.problems.append(f"{place}: {column} {text!r} is no amount in cents below 10,000,000")
            else:
                into[code, modifier] = Decimal(text)
