"""A tiny made-up world for the model's tests: feature tables with known probabilities of denial.

Belongs here: drawing features, probabilities and labels. Does not belong here: assertions.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from ml.denial.features import FEATURES, Kind

START = date(2024, 1, 1)
DAYS = 540
CUTOFF = START + timedelta(days=DAYS)


@dataclass(frozen=True)
class World:
    """Feature table, label table and truth table of the same claims."""

    features: pa.Table
    labels: pa.Table
    truth: pa.Table


def draw(claims: int = 6_000, *, seed: int = 1, patients: int = 3_000, signal: float = 1.0) -> World:
    """`claims` claims over 18 months, answered after 10 to 50 days; `signal` scales how much the features say."""
    random = np.random.default_rng(seed)
    day = np.sort(random.integers(0, DAYS, claims))
    payer = random.integers(0, 8, claims)
    procedure = random.integers(0, 30, claims)
    authorized = random.random(claims) < 0.7
    covered = random.random(claims) < 0.95
    late = random.exponential(20, claims).astype(int)
    payer_effect = np.linspace(-1.0, 1.0, 8)[payer]
    needs = (procedure % 5 == 0) & ~authorized
    log_odds = -2.6 + signal * (
        payer_effect + 3.0 * needs + 2.5 * ~covered + 1.5 * (late > 60) + 0.5 * (procedure % 10 == 3)
    )
    probability = 1 / (1 + np.exp(-log_odds))
    denied = random.random(claims) < probability
    columns: dict[str, pa.Array] = {
        "claim_id": pa.array([f"c{i}" for i in range(claims)]),
        "tenant_id": pa.array(np.array(["alder", "birch", "cedar"])[random.integers(0, 3, claims)]),
        "patient_key": pa.array([f"p{i}" for i in random.integers(0, patients, claims)]),
        "submitted_date": _dates(day),
    }
    meaningful = {
        "payer_id": pa.array([f"payer-{i}" for i in payer]),
        "principal_procedure_code": pa.array([f"99{i:03d}" for i in procedure]),
        "principal_procedure_group": pa.array([f"group-{i}" for i in procedure % 10]),
        "has_valid_authorization": pa.array(authorized),
        "is_covered_on_service": pa.array(covered, mask=random.random(claims) < 0.02),
        "days_service_to_submission": pa.array(late, pa.int32()),
    }
    for feature in FEATURES:
        if feature.name in meaningful:
            columns[feature.name] = meaningful[feature.name]
        elif feature.kind is Kind.CATEGORY:
            columns[feature.name] = pa.array([f"v{i}" for i in random.integers(0, 6, claims)])
        elif feature.kind is Kind.FLAG:
            columns[feature.name] = pa.array(random.random(claims) < 0.3)
        else:
            columns[feature.name] = pa.array(random.normal(50, 10, claims), mask=random.random(claims) < 0.05)
    answered = day + random.integers(10, 51, claims)
    known = answered <= DAYS
    labels = pa.table(
        {
            "claim_id": columns["claim_id"],
            "is_initially_denied": pa.array(denied, mask=~known),
            "first_adjudicated_date": pa.array(_dates(answered).to_pylist(), pa.date32(), mask=~known),
        }
    )
    truth = pa.table({"claim_id": columns["claim_id"], "denial_probability": pa.array(probability)})
    columns["principal_procedure_code"] = meaningful["principal_procedure_code"]
    return World(pa.table(columns), labels, truth)


def _dates(days: np.ndarray) -> pa.Array:
    epoch = (START - date(1970, 1, 1)).days
    return pa.array((days + epoch).astype(np.int32)).cast(pa.date32())
