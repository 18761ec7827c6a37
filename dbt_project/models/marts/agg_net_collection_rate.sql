{{ kpi_monthly('agg_net_collection_rate') }}
