"""The entry of the dashboards: `streamlit run dashboards/app.py`.

Belongs here: the frame of every page, the choice of the organization, the list of pages. Does not belong here: what a
page shows.

The pages stand in `screens/`: a folder `pages` beside this file would make Streamlit run a page that a link leads to by
itself, without this frame, as long as nobody has opened the front page since the server started.
"""

from pathlib import Path

import streamlit as st

from dashboards import db, formats

ASSETS = Path(__file__).parent / "assets"

st.set_page_config(page_title="Claimworks", page_icon=str(ASSETS / "icon.svg"), layout="wide")
st.logo(str(ASSETS / "logo.svg"), size="large", icon_image=str(ASSETS / "icon.svg"))

page = st.navigation(
    {
        "Revenue cycle": [
            st.Page("screens/overview.py", title="Overview", icon=":material/monitoring:", default=True),
            st.Page("screens/kpis.py", title="KPIs", icon=":material/speed:", url_path="kpis"),
            st.Page("screens/denials.py", title="Denial trends", icon=":material/block:", url_path="denials"),
            st.Page("screens/edits.py", title="Claim edits", icon=":material/fact_check:", url_path="edits"),
            st.Page(
                "screens/underpayments.py",
                title="Underpayments",
                icon=":material/price_check:",
                url_path="underpayments",
            ),
            st.Page("screens/reports.py", title="Finance reports", icon=":material/table_view:", url_path="reports"),
        ],
        "Platform": [
            st.Page("screens/quality.py", title="Data quality", icon=":material/rule:", url_path="quality"),
        ],
    }
)

with st.sidebar:
    tenants = db.tenants()
    if tenants:
        st.selectbox(
            "Organization",
            tenants,
            format_func=formats.tenant,
            key="tenant",
            bind="query-params",
            help="Every number on every page is of this organization alone.",
        )

page.run()
