{{ kpi_monthly('agg_denied_line') }}
