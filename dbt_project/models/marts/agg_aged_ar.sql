{{ kpi_monthly('agg_aged_ar') }}
