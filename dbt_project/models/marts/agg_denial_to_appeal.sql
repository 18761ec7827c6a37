{{ kpi_monthly('agg_denial_to_appeal') }}
