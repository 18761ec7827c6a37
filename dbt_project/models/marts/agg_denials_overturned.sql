{{ kpi_monthly('agg_denials_overturned') }}
