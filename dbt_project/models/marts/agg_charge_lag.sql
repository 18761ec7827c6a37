{{ kpi_monthly('agg_charge_lag') }}
