{{ kpi_monthly('agg_net_days_in_ar') }}
