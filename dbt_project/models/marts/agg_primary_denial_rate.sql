{{ kpi_monthly('agg_primary_denial_rate') }}
