{{ kpi_monthly('agg_clean_claim_rate') }}
