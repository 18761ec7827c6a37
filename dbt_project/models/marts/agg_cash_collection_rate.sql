{{ kpi_monthly('agg_cash_collection_rate') }}
