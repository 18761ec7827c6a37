{{ kpi_monthly('agg_payer_lag') }}
