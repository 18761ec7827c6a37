select
    cast(days.day_at as date) as date_day,
    cast(date_trunc('month', days.day_at) as date) as month_date,
    cast(date_trunc('quarter', days.day_at) as date) as quarter_date,
    cast(date_trunc('year', days.day_at) as date) as year_date,
    cast(extract(year from days.day_at) as integer) as year_number,
    cast(extract(month from days.day_at) as integer) as month_number,
    cast(extract(isodow from days.day_at) as integer) as weekday_number
from generate_series(timestamp '2010-01-01', timestamp '2039-12-31', interval '1 day') as days (day_at)
