"""What each number on the pages means: its formula in words, where it comes from, what to know before using it.

Belongs here: the wording that tiles show in their tooltips and the overview lists in full. Does not belong here: the
SQL that computes it (`queries.py` and the marts).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Definition:
    """One KPI as it is stated to the reader."""

    name: str
    formula: str
    source: str
    note: str

    @property
    def tooltip(self) -> str:
        """The definition as the help text of a tile (Markdown)."""
        return f"**{self.name}** = {self.formula}\n\nSource: `{self.source}`\n\n{self.note}"


CHARGES = Definition(
    "Charges",
    "sum of the billed charges of claims sent to the first payer, by month of submission.",
    "marts.agg_revenue_monthly.net_charge_amount",
    "A claim that was replaced counts once, with its latest version. Voided claims and duplicates do not count.",
)
PAYMENTS = Definition(
    "Payments",
    "sum of what payers paid, by month of payment, reversals subtracted.",
    "marts.agg_revenue_monthly.payment_amount",
    "These payments answer claims of this and of earlier months, so they are no share of the charges beside them.",
)
DENIAL_RATE = Definition(
    "Initial denial rate",
    "claims with at least one line denied at the first adjudication ÷ claims submitted, by month of submission.",
    "marts.agg_denials_monthly",
    "First submissions to the first payer, closed months only: claims of open months still wait for their answers.",
)
DENIAL_RATE_ADJUDICATED = Definition(
    "Initial denial rate, of adjudicated claims",
    "claims first denied ÷ claims with an answer, by month of submission.",
    "marts.agg_denials_monthly",
    "Leaves out claims that the payer never answered, so it is never below the rate of submitted claims.",
)
DENIAL_RATE_REPORTING = Definition(
    "Initial denial rate, by month of the remittance",
    "first denials received in the period ÷ claims submitted in a month, averaged over the three months before.",
    "marts.agg_revenue_monthly",
    "The reporting convention of finance departments. It moves with the volume of claims as well as with denials.",
)
DENIED_CHARGES = Definition(
    "Denied charges",
    "sum of the charges of lines denied at the first adjudication; the whole charge where a claim was denied as one.",
    "marts.agg_denials_monthly.denied_charge_amount",
    "Billed charges, not what the payer would have allowed.",
)
RECOVERED = Definition(
    "Recovered",
    "what payers later paid on lines that they had denied first.",
    "marts.agg_denials_monthly.recovered_amount",
    "By month of submission: recoveries of recent months are still to come.",
)
DENIED_CLAIMS = Definition(
    "Denied claims",
    "claims with at least one line denied at the first adjudication, by month of submission.",
    "marts.agg_denials_monthly.denied_claim_count",
    "First submissions to the first payer. A claim stands under the category of its largest first denial.",
)
DAYS_IN_AR = Definition(
    "Days in A/R",
    "receivables at the end of the period ÷ average billed charges of a day over the trailing three months.",
    "marts.agg_revenue_monthly.receivable_amount",
    "Receivables are charges less payments, adjustments, patient responsibility and write-offs.",
)

ON_OVERVIEW = (CHARGES, PAYMENTS, DENIAL_RATE, DENIAL_RATE_ADJUDICATED, DENIAL_RATE_REPORTING, DAYS_IN_AR)
