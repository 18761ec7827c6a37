select
    cast(days.day_at as date) as date_day,
    cast(date_trunc('month', days.day_at) as date) as month_date,
    cast(date_trunc('quarter', days.day_at) as date) as quarter_date,
    cast(date_trunc('year', days.day_at) as date) as year_date,
    cast(extract(year from days.day_at) as integer) as year_number,
    cast(extract(month from days.day_at) as integer) as month_number,
    cast(extract(isodow from days.day_at) as integer) as weekday_number
from
    generate_series(
        cast('{{ var("calendar_start") }}' as timestamp),
        cast('{{ var("calendar_end") }}' as timestamp) + interval '30 days',
        interval '1 day'
    ) as days (day_at)
