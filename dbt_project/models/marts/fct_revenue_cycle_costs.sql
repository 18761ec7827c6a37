-- Entered by hand in seeds/revenue_cycle_costs.csv: no file of a payer or a clearinghouse holds a cost.
select
    tenant_id,
    month_date,
    cast(cost_amount as decimal(18, 2)) as cost_amount
from {{ ref('revenue_cycle_costs') }}
