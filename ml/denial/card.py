"""The model card: one HTML document with the figures of a model and their plots, readable without a network.

Belongs here: the page. Does not belong here: computing any figure (`ml.denial.evaluation`).
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

from ml.denial.evaluation import Evaluation
from ml.denial.model import TrainedModel

Points = Sequence[tuple[float, float]]

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1c2733;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin-bottom:0}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #d5dde5}
table{border-collapse:collapse;margin:.5rem 0}
td,th{padding:.2rem .8rem .2rem 0;text-align:left;border-bottom:1px solid #edf1f5}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.plots{display:flex;flex-wrap:wrap;gap:1.5rem}
figure{margin:0}figcaption{font-size:.85rem;color:#52606d;max-width:18rem}
svg text{font:10px system-ui,sans-serif;fill:#52606d}
"""

_PURPOSE = (
    "The probability that at least one line of a claim is denied when the payer first adjudicates this "
    "submission, from "
    "what is known on the day it is submitted. It orders claims for review before they go out; it decides "
    "nothing, and it "
    "is not fit for judging patients or providers."
)
_LIMITS = (
    "Trained on the payers, providers and months named above: a payer's new policy is seen only as its remittances "
    "arrive, and a payer or provider that training never saw is scored as unknown. Reasons are what moved this score, "
    "not causes."
)

# metric -> (words, format)
_HEADLINES: tuple[tuple[str, str], ...] = (
    ("roc_auc", "ROC AUC"),
    ("pr_auc", "Area under precision-recall"),
    ("brier", "Brier score"),
    ("log_loss", "Log loss"),
    ("ece", "Expected calibration error"),
    ("recall_top_10", "Denials among the riskiest 10 % of claims"),
    ("denied_charge_share_top_10", "Denied charges among the riskiest 10 % of claims"),
    ("ceiling_roc_auc", "Ceiling: ROC AUC of the true probabilities"),
    ("ceiling_brier", "Ceiling: Brier score of the true probabilities"),
    ("attained_share", "Share of the attainable AUC above 0.5"),
)
_BASELINES: tuple[tuple[str, str], ...] = (
    ("payer", "Payer's rate"),
    ("payer_procedure", "Payer's rate for the procedure"),
    ("logistic", "Logistic regression"),
)
_GROUPS = {
    "tenant_id": "Tenant",
    "payer_id": "Payer",
    "billing_provider_taxonomy_code": "Provider specialty",
    "patient_sex_code": "Sex",
    "age_band": "Age band",
}


def model_card(model: TrainedModel, evaluation: Evaluation) -> str:
    """The card as one HTML document: what the model is for, what it was trained on, its figures, its limits."""
    metrics = evaluation.metrics
    body = [
        f"<h1>Denial model{f', version {escape(model.version)}' if model.version else ''}</h1>",
        f"<p>Data cut-off {model.cutoff.isoformat()} · features {model.feature_digest} · seed {model.seed}</p>",
        f"<h2>What it answers</h2><p>{_PURPOSE}</p>",
        "<h2>What it learnt from</h2>",
        _training(model),
        "<h2>Figures on the held-out months</h2>",
        _table(("Figure", "Value"), ((words, _figure(metrics[key])) for key, words in _HEADLINES if key in metrics)),
        _interval(metrics),
        '<div class="plots">',
        _plot(
            evaluation.curves["roc"],
            "ROC: denials found against claims flagged in vain",
            ("false", "found"),
            diagonal=True,
        ),
        _plot(
            evaluation.curves["precision_recall"],
            "Precision against the share of denials found",
            ("found", "precision"),
        ),
        _plot(
            evaluation.curves["calibration"],
            "Observed rate against predicted probability",
            ("predicted", "observed"),
            diagonal=True,
            dots=True,
        ),
        _plot(
            evaluation.curves["lift"],
            "Denials found against the share of claims reviewed",
            ("reviewed", "found"),
            diagonal=True,
        ),
        "</div>",
        "<h2>Against simpler ways</h2>",
        _baselines(metrics),
        "<h2>Can these figures be believed?</h2>",
        _controls(metrics),
        "<h2>What it looks at</h2>",
        _table(("Feature", "Share of gain"), ((name, f"{share:.1%}") for name, share in evaluation.importance)),
        "<h2>By group</h2><p>Groups of fewer than 11 claims are left out.</p>",
        *(_group(_GROUPS.get(name, name), table.to_pylist()) for name, table in evaluation.groups.items()),
        f"<h2>Limits</h2><p>{_LIMITS}</p>",
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Denial model card</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(body)}</body></html>"
    )


def _interval(metrics: dict[str, float]) -> str:
    low, high = _figure(metrics["roc_auc_low"]), _figure(metrics["roc_auc_high"])
    rows = f"{metrics['test_rows']:.0f} claims, {metrics['test_denial_rate']:.1%} denied"
    return f"<p>95 % interval of the ROC AUC: {low} to {high} ({rows}).</p>"


def _training(model: TrainedModel) -> str:
    rows = []
    for key, words in (
        ("train", "Training"),
        ("validation", "Validation (early stopping, calibration)"),
        ("test", "Held out"),
    ):
        facts = model.facts.get(key)
        if facts:
            rows.append(
                (
                    words,
                    f"{facts['claims']:,}",
                    f"{facts['denial_rate']:.1%}",
                    f"{facts['first_date']} to {facts['last_date']}",
                )
            )
    left_out = model.facts.get("left_out", {})
    words = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in left_out.items())
    return (
        _table(("Set", "Claims", "Denied", "Submitted"), rows)
        + f"<p>Left out: {escape(words)}. No patient is in two sets. {model.facts.get('rounds', 0)} trees. "
        f"Calibration: {model.calibration.slope:.3f} x log-odds + {model.calibration.intercept:.3f}.</p>"
    )


def _baselines(metrics: dict[str, float]) -> str:
    rows = []
    for key, words in _BASELINES:
        if f"baseline_{key}_roc_auc" in metrics:
            gain = f"{metrics[f'gain_over_{key}_low']:+.4f} to {metrics[f'gain_over_{key}_high']:+.4f}"
            rows.append((words, _figure(metrics[f"baseline_{key}_roc_auc"]), gain))
    return _table(("Way", "ROC AUC", "Gain of the model, 95 %"), rows)


def _controls(metrics: dict[str, float]) -> str:
    away = (metrics["shuffled_roc_auc"] - 0.5) / metrics["shuffled_roc_auc_error"]
    rows = [
        (
            "The same fit on outcomes dealt out at random",
            f"ROC AUC {_figure(metrics['shuffled_roc_auc'])}: {abs(away):.1f} standard errors from 0.5",
        ),
        ("A planted copy of the outcome", "found by the leak check" if metrics["leak_canary_found"] else "NOT found"),
        ("Any feature that orders the outcome on its own", "none"),
    ]
    if "ceiling_roc_auc" in metrics:
        rows.append(("Better than the true probabilities allow", "no"))
    return _table(("Control", "Result"), rows)


def _group(title: str, rows: list[dict[str, Any]]) -> str:
    cells = (
        (
            str(r["group"]),
            f"{r['claims']:,}",
            f"{r['denial_rate']:.1%}",
            f"{r['mean_probability']:.1%}",
            _figure(r["roc_auc"]),
        )
        for r in rows
    )
    return _table((title, "Claims", "Denied", "Predicted", "ROC AUC"), cells)


def _figure(value: float) -> str:
    return "-" if value != value else f"{value:.4f}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def cell(tag: str, position: int, text: str) -> str:
        return f"<{tag}{' class=n' if position else ''}>{escape(text)}</{tag}>"

    head = "".join(cell("th", i, text) for i, text in enumerate(header))
    lines = ("<tr>" + "".join(cell("td", i, text) for i, text in enumerate(row)) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"


def _plot(points: Points, caption: str, axes: tuple[str, str], *, diagonal: bool = False, dots: bool = False) -> str:
    """A square line plot of points in the unit square as inline SVG."""
    size, margin = 220.0, 30.0
    x: Callable[[float], float] = lambda v: margin + v * size  # noqa: E731
    y: Callable[[float], float] = lambda v: margin / 2 + (1 - v) * size  # noqa: E731
    marks = [f'<rect x="{x(0)}" y="{y(1)}" width="{size}" height="{size}" fill="none" stroke="#b8c4cf"/>']
    if diagonal:
        marks.append(f'<line x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}" stroke="#b8c4cf" stroke-dasharray="4"/>')
    line = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points)
    marks.append(f'<polyline points="{line}" fill="none" stroke="#0b6e99" stroke-width="2"/>')
    if dots:
        marks += [f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3" fill="#0b6e99"/>' for a, b in points]
    for tick in (0.0, 0.5, 1.0):
        marks.append(f'<text x="{x(tick)}" y="{y(0) + 14}" text-anchor="middle">{tick:g}</text>')
        marks.append(f'<text x="{x(0) - 5}" y="{y(tick) + 3}" text-anchor="end">{tick:g}</text>')
    marks.append(f'<text x="{x(1)}" y="{y(0) + 26}" text-anchor="end">{escape(axes[0])}</text>')
    marks.append(f'<text x="{x(0) + 4}" y="{y(1) + 12}">{escape(axes[1])}</text>')
    width = size + 2 * margin
    return (
        f'<figure><svg viewBox="0 0 {width} {width}" width="{width}" height="{width}" role="img" '
        f'aria-label="{escape(caption)}">{"".join(marks)}</svg><figcaption>{escape(caption)}</figcaption></figure>'
    )
