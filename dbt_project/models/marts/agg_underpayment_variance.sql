{{ kpi_monthly('agg_underpayment_variance') }}
