{{ kpi_monthly('agg_cost_to_collect') }}
