{{ kpi_monthly('agg_denial_write_off_rate') }}
