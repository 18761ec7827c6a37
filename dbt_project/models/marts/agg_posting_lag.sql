{{ kpi_monthly('agg_posting_lag') }}
