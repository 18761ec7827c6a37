{{ kpi_monthly('agg_initial_denial_rate') }}
