{{ kpi_monthly('agg_first_pass_resolution') }}
