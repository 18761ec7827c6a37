"""Underpayments: lines that a payer allowed less for than its contract says, and where the work on each stands.

Belongs here: what stands where on the page. Does not belong here: which lines are short (the marts), who may change a
status (`dashboards/working.py`).
"""

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from claims.store.work import WorkStatus
from compliance.access import RefusedError
from compliance.working import ChangeError
from dashboards import db, formats, layout, working

GRID_HEIGHT = 430
WORDS = {**{one.value: one.value.capitalize() for one in WorkStatus}, "invalid": "Invalid"}
SHOWN = (
    "claim_id", "line_number", "payer", "procedure_code", "modifiers", "service_from_date", "detected_date",
    "charge_amount", "expected_amount", "allowed_amount", "variance_amount", "open_variance_amount", "contract_id",
    "expected_method", "status", "work_status", "worked_date",
)  # fmt: skip


def total(rows: pa.Table, column: str) -> Decimal:
    """The sum of a column of amounts."""
    return pc.sum(rows[column]).as_py() or Decimal(0)


def tiles(rows: pa.Table) -> None:
    """The four numbers of the lines that are shown."""
    by_contract = rows.filter(pc.equal(rows["expected_method"], "contract"))
    contents = (
        ("Lines", formats.count(rows.num_rows), f"{formats.count(by_contract.num_rows)} by contract"),
        ("Variance", formats.money(total(rows, "variance_amount")), "expected less first allowed"),
        ("Recovered", formats.money(total(rows, "recovered_amount")), "by later answers"),
        ("Still open", formats.money(total(rows, "open_variance_amount")), "less what stands now"),
    )
    for column, (name, value, words) in zip(st.columns(4), contents, strict=True):
        column.metric(name, value, words, delta_color="off", delta_arrow="off", border=True, height="stretch")


def grid(rows: pa.Table) -> None:
    """The lines."""
    st.dataframe(
        rows.select(list(SHOWN)),
        hide_index=True,
        height="content" if rows.num_rows <= 10 else GRID_HEIGHT,
        column_config={
            "claim_id": st.column_config.TextColumn("Claim", pinned=True, width="medium"),
            "line_number": st.column_config.NumberColumn("Line", format="%d"),
            "payer": st.column_config.TextColumn("Payer"),
            "procedure_code": st.column_config.TextColumn("Procedure"),
            "modifiers": st.column_config.TextColumn("Modifiers"),
            "service_from_date": st.column_config.DateColumn("Service", format="YYYY-MM-DD"),
            "detected_date": st.column_config.DateColumn("Detected", format="YYYY-MM-DD"),
            "charge_amount": st.column_config.NumberColumn("Charge", format="dollar"),
            "expected_amount": st.column_config.NumberColumn("Expected", format="dollar"),
            "allowed_amount": st.column_config.NumberColumn("Allowed", format="dollar"),
            "variance_amount": st.column_config.NumberColumn("Variance", format="dollar"),
            "open_variance_amount": st.column_config.NumberColumn("Still open", format="dollar"),
            "contract_id": st.column_config.TextColumn("Contract"),
            "expected_method": st.column_config.TextColumn("Expected by"),
            "status": st.column_config.TextColumn("By the answers"),
            "work_status": st.column_config.TextColumn("Work"),
            "worked_date": st.column_config.DateColumn("Worked", format="YYYY-MM-DD"),
        },
        alt="Underpaid lines with claim, payer, procedure, expected and allowed amounts, and where the work stands",
    )


def work(copy: db.Copy, rows: pa.Table) -> None:
    """Change where the work on one of the lines stands."""
    if refused := working.why_not(copy.tenant_id):
        st.info(refused, icon=":material/lock:")
        return
    open_rows = rows.filter(pc.invert(pc.equal(rows["work_status"], "invalid")))
    columns = ["claim_id", "line_number", "payer", "open_variance_amount", "work_status"]
    found: list[dict[str, Any]] = open_rows.select(columns).to_pylist()
    if not found:
        return
    with st.form("work", border=False):
        place = st.selectbox(
            "Line",
            range(len(found)),
            format_func=lambda n: (
                f"{found[n]['payer']}, {formats.exact_money(found[n]['open_variance_amount'])} open, "
                f"{WORDS[found[n]['work_status']].lower()}: {found[n]['claim_id']} line {found[n]['line_number']}"
            ),
            key="work_line",
        )
        left, right = st.columns([2, 3])
        status = left.selectbox(
            "New status", [one.value for one in WorkStatus], format_func=lambda one: WORDS[one], key="work_new"
        )
        reason = right.text_input("Reason", max_chars=500, key="work_reason", help="Recovered and rejected need one.")
        asked = st.form_submit_button("Change", icon=":material/edit:")
    if not asked:
        return
    chosen = found[place or 0]
    try:
        working.change(copy, chosen["claim_id"], chosen["line_number"], str(status), reason or "")
    except (ChangeError, RefusedError) as error:
        st.error(f"Nothing was changed: {error}.", icon=":material/error:")
        return
    st.session_state["work_done"] = f"{chosen['claim_id']} line {chosen['line_number']}: {WORDS[str(status)].lower()}."
    st.rerun()


def show(copy: db.Copy) -> None:
    """The page below its heading."""
    try:
        everything = working.lines(copy)
    except db.DataError as error:
        st.error(str(error), icon=":material/error:")
        return
    if done := st.session_state.pop("work_done", None):
        st.success(done, icon=":material/check:")
    if not everything.num_rows:
        layout.nothing_found()
        return
    payers = sorted({(row["payer_id"], row["payer"]) for row in everything.select(["payer_id", "payer"]).to_pylist()})
    left, right = st.columns(2)
    with left:
        chosen = layout.choose("Work", list(WORDS.items()), key="work_status")
    with right:
        of_payers = layout.choose("Payers", payers, key="payer")
    rows = everything
    if chosen:
        rows = rows.filter(pc.is_in(rows["work_status"], value_set=pa.array(chosen, pa.string())))
    if of_payers:
        rows = rows.filter(pc.is_in(rows["payer_id"], value_set=pa.array(of_payers, pa.string())))
    if not rows.num_rows:
        layout.nothing_found()
        return
    rows = rows.sort_by([("open_variance_amount", "descending"), ("claim_id", "ascending")])
    tiles(rows)
    with st.container(border=True):
        st.subheader("Lines", anchor=False)
        grid(rows)
        st.caption(
            "Expected is what the contract says on the day of service, else what the payer usually allows; "
            "`claimworks price --claim` shows each step of it."
        )
    with st.container(border=True):
        st.subheader("Work", anchor=False)
        work(copy, rows)


show(layout.copy_or_stop("Underpayments"))
