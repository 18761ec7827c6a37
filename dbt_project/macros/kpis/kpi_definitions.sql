{#- The register of KPIs: each number that is published, in each definition of it, once. dim_kpi_definition publishes the
    register, kpi_monthly() computes from it, so that what is stated is what is computed.

    Belongs here: which rows count in the numerator and the denominator, by what they are weighted, in which month, in
    whose words. Does not belong here: how a month is summed up (kpi_monthly).

    A measure is {source, value, filter, month} and, where they apply:
      category   the CARC category it is split by; else 'none'
      months     (first, last): it counts in the months so many after its own
      days       it counts in every month at whose end it is less than so many days old
    A definition with `lag` is a duration: its rows are kept by the number of days, so that the median of any selection
    is exact; numerator and denominator are then the sum of days and the count of the same rows.
    value = factor x numerator / denominator (statistic ratio), or the weighted median of lag_days (median).
    basis 'event' closes a month when it is over; 'cohort' waits maturity_days for the answers to what was sent in it. -#}
{% macro kpi_definitions() -%}
    {%- set task_force = 'HFMA Claim Integrity Task Force, Standardizing denial metrics' -%}
    {%- set map_keys = 'HFMA MAP Keys' -%}
    {%- set mgma = 'MGMA Cost and Revenue glossary' -%}
    {%- set own = 'Claimworks' -%}
    {%- set submitted = 'claims.submitted_date' -%}
    {%- set answered = 'claims.first_adjudicated_date' -%}
    {%- set first_pass = 'claims.is_primary and claims.is_first_pass' -%}
    {%- set first_denied = first_pass ~ ' and claims.is_initially_denied' -%}
    {%- set billed = "claims.is_primary and claims.submission_number = 1 and claims.frequency_code <> '8'" -%}
    {%- set reason = "case when claims.is_initially_denied then coalesce(claims.initial_reason_category, 'unmapped') else 'none' end" -%}
    {%- set denial_reason = "coalesce(denials.reason_category, 'unmapped')" -%}
    {#- Net patient service revenue, defined here and nowhere else. -#}
    {%- set revenue = 'claims.charge_amount - claims.superseded_amount - claims.contractual_amount - claims.other_adjustment_amount' -%}
    {%- set revenue_words = 'charges of claims to the first payer less what later versions took over, contractual and other allowances' -%}
    {%- set net_revenue = {'source': 'claims', 'value': revenue, 'filter': 'claims.is_primary', 'month': submitted} -%}
    {%- set kpis = [] -%}

    {%- set entered = {'source': 'claims', 'value': '1', 'filter': billed, 'month': submitted} -%}
    {%- set clean = dict(model='agg_clean_claim_rate', kpi='clean_claim_rate', name='Clean claim rate', unit='share', denominator=entered) -%}
    {%- do kpis.append(dict(clean, definition='default', basis='event', source=map_keys ~ ', CL-1',
        formula='claims that pass every edit as first sent ÷ claims first sent, by month of submission',
        note='An edit is a scrubbing rule of severity error that fired, or an error that reading the claim found; overriding it does not make the claim clean. Whether a clearinghouse accepted it or a payer paid it does not enter.',
        numerator=dict(entered, filter=billed ~ ' and claims.edit_count = 0'))) -%}
    {%- do kpis.append(dict(clean, definition='accepted', basis='event', source='common among clearinghouses',
        formula='claims that no acknowledgement turned away ÷ claims first sent, by month of submission',
        note='Counts acceptance, which a claim with errors can get.',
        numerator=dict(entered, filter=billed ~ ' and not claims.is_rejected'))) -%}
    {%- do kpis.append(dict(clean, definition='naive', basis='cohort', source='common usage',
        formula='claims that the first answer denies nothing of ÷ claims first sent, by month of submission',
        note='Mixes clean with paid: it is the first-pass resolution of what was sent.',
        numerator=dict(entered, filter=billed ~ " and claims.initial_outcome = 'paid'"))) -%}

    {%- set sent = {'source': 'claims', 'value': '1', 'filter': first_pass, 'month': submitted} -%}
    {%- set denied = {'source': 'claims', 'value': '1', 'filter': first_denied, 'month': answered, 'category': reason} -%}
    {%- set charges_sent = dict(sent, value='claims.charge_amount') -%}
    {%- set charges_denied = dict(denied, value='claims.charge_amount') -%}
    {%- set first_denials = first_pass ~ ' and denials.is_initial and denials.is_primary_reason' -%}
    {%- set lines_sent = {'source': 'lines', 'value': '1', 'filter': first_pass ~ ' and lines.charge_amount > 0', 'month': submitted} -%}
    {%- set lines_denied = {'source': 'denials', 'value': '1', 'filter': first_denials ~ " and denials.denial_level = 'line'",
        'month': 'denials.denied_date', 'category': denial_reason} -%}
    {%- for kpi, name, of_sent, of_denied, words in [
        ('initial_denial_rate', 'Initial denial rate', sent, denied, 'claims'),
        ('initial_denial_rate_amount', 'Initial denial rate, charges', charges_sent, charges_denied, 'charges of claims'),
        ('initial_denial_rate_lines', 'Initial denial rate, lines', lines_sent, lines_denied, 'charged lines'),
    ] -%}
        {%- set one = dict(model='agg_initial_denial_rate', kpi=kpi, name=name, unit='share') -%}
        {%- do kpis.append(dict(one, definition='default', basis='event', source=task_force, factor=3,
            formula=words ~ ' first denied in the month ÷ ' ~ words ~ ' submitted in a month, averaged over the three months before',
            note='First submissions to the first payer. A claim with one denied line counts. Moves with the volume sent as well as with denials.',
            numerator=of_denied, denominator=dict(of_sent, months=(1, 3)))) -%}
        {%- do kpis.append(dict(one, definition='naive', basis='cohort', source='common usage',
            formula=words ~ ' submitted in the month that were first denied ÷ ' ~ words ~ ' submitted in the month',
            note='Follows what was sent in one month: right in the end, too low while answers are still to come.',
            numerator=dict(of_denied, month=submitted), denominator=of_sent)) -%}
        {%- if kpi != 'initial_denial_rate_lines' -%}
            {%- do kpis.append(dict(one, definition='hfma', basis='event', source=map_keys ~ ', AR-5',
                formula=words ~ ' first denied in the month ÷ ' ~ words ~ ' first answered in the month',
                note='Of what was remitted, so that what a payer never answers does not count.',
                numerator=of_denied, denominator=dict(of_sent, filter=first_pass ~ ' and claims.first_adjudicated_date is not null', month=answered))) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do kpis.append(dict(model='agg_initial_denial_rate', kpi='initial_denial_rate_amount', name='Initial denial rate, charges', unit='share',
        definition='lines', basis='event', source=own, factor=3,
        formula='charges of the lines (or whole claims) first denied in the month ÷ charges of claims submitted in a month, averaged over the three months before',
        note='A claim of which one line was denied counts with that line alone.',
        numerator={'source': 'denials', 'value': 'denials.charge_amount', 'filter': first_denials, 'month': 'denials.denied_date', 'category': denial_reason},
        denominator=dict(charges_sent, months=(1, 3)))) -%}

    {%- set remits = {'source': 'remittances', 'value': '1', 'month': 'remittances.adjudicated_date', 'days': 28,
        'filter': 'claims.is_primary and remittances.is_first and not claims.is_duplicate'} -%}
    {%- set zero_pay = dict(remits, filter=remits.filter ~ ' and remittances.payment_amount = 0', category=reason) -%}
    {%- set primary = dict(model='agg_primary_denial_rate', kpi='primary_denial_rate', name='Primary denial rate', unit='share', basis='event') -%}
    {%- do kpis.append(dict(primary, definition='default', source=task_force,
        formula='first answers of the first payer that pay nothing ÷ first answers of the first payer, in the last four weeks of the month',
        note='As the task force counts zero remits: an answer that pays nothing because the patient owes it all is one, see the definition denied. Copies that the payer denied as duplicates do not count; reversals and corrections are no first answers.',
        numerator=zero_pay, denominator=remits)) -%}
    {%- do kpis.append(dict(primary, definition='denied', source=own,
        formula='first answers of the first payer that deny the whole claim ÷ first answers of the first payer, in the last four weeks of the month',
        note='Leaves out answers that pay nothing because the patient owes it all.',
        numerator=dict(zero_pay, filter=remits.filter ~ " and remittances.outcome = 'denied'"), denominator=remits)) -%}
    {%- do kpis.append(dict(primary, definition='naive', source='common usage',
        formula='answers that pay nothing ÷ answers, in the month',
        note='Counts every payer, duplicates and corrections too.',
        numerator=dict(zero_pay, filter='not remittances.is_reversal and remittances.payment_amount = 0', days=none),
        denominator=dict(remits, filter='not remittances.is_reversal', days=none))) -%}

    {%- set written_off = {'source': 'claims', 'value': 'claims.write_off_amount', 'filter': 'claims.write_off_amount > 0',
        'month': 'claims.write_off_date', 'category': reason} -%}
    {%- set write_off = dict(model='agg_denial_write_off_rate', kpi='denial_write_off_rate', name='Denial write-off rate', unit='share', basis='cohort', numerator=written_off) -%}
    {%- do kpis.append(dict(write_off, definition='default', source=task_force,
        formula='denied amounts written off in the month ÷ net patient service revenue of the month',
        note='Net patient service revenue: ' ~ revenue_words ~ ', by month of submission. A denied amount is written off when nothing followed for denial_open_days.',
        denominator=net_revenue)) -%}
    {%- do kpis.append(dict(write_off, definition='naive', source='common usage',
        formula='denied amounts written off in the month ÷ gross charges submitted in the month',
        note='Gross charges make the rate look smaller than what it costs.',
        denominator=dict(net_revenue, value='claims.charge_amount'))) -%}

    {%- set initial = {'source': 'claim_denials', 'value': '1', 'filter': first_denied, 'month': answered, 'category': reason} -%}
    {%- set overturned = dict(model='agg_denials_overturned', kpi='denials_overturned', name='Denials overturned', unit='share', basis='cohort', denominator=initial) -%}
    {%- do kpis.append(dict(overturned, definition='default', source=task_force,
        formula='claims first denied in the month of which the payer later paid something that it had denied ÷ claims first denied in the month',
        note='A denial overturned in part is overturned. Later submissions of the same claim count.',
        numerator=dict(initial, filter=first_denied ~ ' and denials.recovered_amount > 0'))) -%}
    {%- do kpis.append(dict(overturned, definition='naive', source='common usage',
        formula='claims first denied in the month of which the payer later paid every denied line ÷ claims first denied in the month',
        note='Takes no account of denials overturned in part.',
        numerator=dict(initial, filter=first_denied ~ ' and denials.unrecovered_count = 0'))) -%}
    {%- set initial_amount = dict(initial, value='denials.denied_amount') -%}
    {%- set overturned_amount = dict(overturned, kpi='denials_overturned_amount', name='Denials overturned, amount') -%}
    {%- do kpis.append(dict(overturned_amount, definition='default', source=task_force, denominator=initial_amount,
        formula='amounts later paid on what was first denied in the month ÷ amounts first denied in the month',
        note='By amount: what was overturned in part counts with that part. Denied amounts are charges, recoveries are payments.',
        numerator=dict(initial, value='denials.recovered_amount'))) -%}
    {%- do kpis.append(dict(overturned_amount, definition='naive', source='common usage', denominator=initial_amount,
        formula='amounts first denied in the month on claims that were overturned ÷ amounts first denied in the month',
        note='Counts a denial overturned in part as if all of it came in.',
        numerator=dict(initial_amount, filter=first_denied ~ ' and denials.recovered_amount > 0'))) -%}

    {%- set adjudicated = dict(entered, filter=billed ~ ' and claims.first_adjudicated_date is not null') -%}
    {%- set seen = dict(sent, filter=first_pass ~ ' and claims.first_adjudicated_date is not null') -%}
    {%- set resolved = " and claims.initial_outcome = 'paid'" -%}
    {%- set paid = resolved ~ ' and claims.first_paid_date = claims.first_adjudicated_date' -%}
    {%- set resolution = dict(model='agg_first_pass_resolution', kpi='first_pass_resolution', name='First-pass resolution', unit='share', basis='cohort') -%}
    {%- do kpis.append(dict(resolution, definition='default', source='industry usage',
        formula='claims paid or moved to the patient by the first answer to the first submission ÷ claims whose first submission was answered, by month of submission',
        note='A claim with a denied line is not resolved.',
        numerator=dict(entered, filter=billed ~ resolved), denominator=adjudicated)) -%}
    {%- do kpis.append(dict(resolution, definition='naive', source='common usage',
        formula='claims paid or moved to the patient by the first answer to the first submission that the payer saw ÷ those answered, by month of submission',
        note='Forgives what was turned away before the payer and sent again.',
        numerator=dict(sent, filter=first_pass ~ resolved), denominator=seen)) -%}
    {%- set yield = dict(model='agg_first_pass_yield', kpi='first_pass_yield', name='First-pass yield', unit='share', basis='cohort') -%}
    {%- do kpis.append(dict(yield, definition='default', source='industry usage',
        formula='claims that the first answer to the first submission paid and denied nothing of ÷ claims first sent, by month of submission',
        note='What was turned away, not answered or left to the patient did not yield.',
        numerator=dict(entered, filter=billed ~ paid), denominator=entered)) -%}
    {%- do kpis.append(dict(yield, definition='naive', source='common usage',
        formula='claims with a payment by the first answer ÷ claims first answered, by month of submission',
        note='Counts claims paid in part, leaves out those without an answer.',
        numerator=dict(entered, filter=billed ~ ' and claims.first_paid_date = claims.first_adjudicated_date'), denominator=adjudicated)) -%}

    {%- set served = 'claims.service_from_date' -%}
    {%- set collected = {'source': 'claims', 'value': 'claims.paid_amount + least(0, claims.open_balance_amount)', 'filter': 'claims.charge_amount is not null',
        'month': served, 'months': (0, 11)} -%}
    {%- set collectible = dict(net_revenue, month=served, months=(0, 11)) -%}
    {%- set collection = dict(model='agg_net_collection_rate', kpi='net_collection_rate', name='Net collection rate', unit='share', basis='cohort', numerator=collected) -%}
    {%- do kpis.append(dict(collection, definition='default', source=mgma ~ ', adjusted collection percentage',
        formula='payments less credits ÷ charges less contractual and other allowances, of services of the twelve months that end with the month',
        note='Payments of all payers. The files hold no payments of patients, so what patients owe counts as not collected: compare with the definition payers.',
        denominator=collectible)) -%}
    {%- do kpis.append(dict(collection, definition='payers', source=own,
        formula='payments less credits ÷ charges less contractual and other allowances and patient responsibility, of services of the twelve months that end with the month',
        note='What payers were to pay and did.',
        denominator=dict(collectible, value=revenue ~ ' - claims.patient_responsibility_amount'))) -%}
    {%- do kpis.append(dict(collection, definition='naive', source=mgma ~ ', gross collection percentage',
        formula='payments less credits ÷ gross charges, of services of the twelve months that end with the month',
        note='Depends on the price list.',
        denominator=dict(collectible, value='claims.charge_amount - claims.superseded_amount'))) -%}

    {%- set cash = {'source': 'cash', 'value': 'remittances.payment_amount', 'filter': 'remittances.payment_amount <> 0', 'month': 'remittances.adjudicated_date'} -%}
    {%- do kpis.append(dict(model='agg_cost_to_collect', kpi='cost_to_collect', name='Cost to collect', unit='share', basis='event', is_optional=true,
        definition='default', source=map_keys ~ ', cost to collect',
        formula='cost of the revenue cycle ÷ payments received in the month',
        note='Costs are entered in revenue_cycle_costs, by organization and month. A month without an entry has no value: the files hold no costs.',
        numerator={'source': 'costs', 'value': 'costs.cost_amount', 'filter': 'costs.cost_amount is not null', 'month': 'costs.month_date'}, denominator=cash)) -%}
    {%- set cash_rate = dict(model='agg_cash_collection_rate', kpi='cash_collection_rate', name='Cash as a share of net revenue', unit='share', basis='cohort', numerator=cash) -%}
    {%- do kpis.append(dict(cash_rate, definition='default', source=map_keys ~ ', cash collections as a percentage of net patient service revenue', factor=3,
        formula='payments received in the month ÷ net patient service revenue of a month, averaged over the month and the two before',
        note='Payments of payers, by the day of the 835, reversals subtracted. Net patient service revenue: ' ~ revenue_words ~ '.',
        denominator=dict(net_revenue, months=(0, 2)))) -%}
    {%- do kpis.append(dict(cash_rate, definition='naive', source='common usage',
        formula='payments received in the month ÷ net patient service revenue of the same month',
        note='Payments answer claims of earlier months: the rate jumps with the volume.',
        denominator=net_revenue)) -%}

    {%- for kpi, name, lag, lag_source, lag_filter, lag_month, lag_category, words, lag_note, lag_origin in [
        ('charge_lag', 'Charge lag', 'claims.submitted_date - claims.service_through_date', 'claims',
            billed ~ ' and claims.service_through_date <= claims.submitted_date', submitted, none,
            'days from the last day of service to the first submission, by month of submission',
            'The files hold no day of charge entry; submission is the first day on which the charge shows.', 'industry usage'),
        ('payer_lag', 'Payer lag', 'claims.first_adjudicated_date - claims.submitted_date', 'claims',
            first_pass ~ ' and claims.first_adjudicated_date >= claims.submitted_date', answered, none,
            'days from submission to the first answer of the first payer, by month of the answer', 'Denials are answers too.', 'industry usage'),
        ('posting_lag', 'Posting lag', 'remittances.received_date - remittances.adjudicated_date', 'cash',
            'remittances.payment_amount <> 0 and remittances.received_date >= remittances.adjudicated_date', 'remittances.received_date', none,
            'days from the day of payment to the day on which its 835 came in, by month of receipt',
            'Platforms post an 835 as it comes in; the day of a deposit at the bank is not in the files.', 'industry usage'),
        ('denial_to_appeal', 'Denial to appeal', 'next_claims.next_submitted_date - claims.first_adjudicated_date', 'next_claims',
            first_denied ~ ' and next_claims.next_submitted_date >= claims.first_adjudicated_date', 'next_claims.next_submitted_date', reason,
            'days from the first denial to the next submission of the claim, by month of that submission',
            'Appeals by letter or portal leave no X12 file: the corrected claim is what the files show of working a denial.', task_force),
        ('denial_to_resolution', 'Denial to resolution',
            'coalesce(denials.recovered_date, current_claims.write_off_date) - claims.first_adjudicated_date', 'claim_denials',
            first_denied ~ ' and coalesce(denials.recovered_date, current_claims.write_off_date) >= claims.first_adjudicated_date',
            'coalesce(denials.recovered_date, current_claims.write_off_date)', reason,
            'days from the first denial to the first payment on what was denied, else to the write-off, by month of that day',
            'Denials still worked are not resolved and do not count.', task_force),
    ] -%}
        {%- set counted = {'source': lag_source, 'value': '1', 'filter': lag_filter, 'month': lag_month, 'category': lag_category} -%}
        {%- set one = dict(model='agg_' ~ kpi, kpi=kpi, name=name, unit='days', basis='event', numerator=dict(counted, value=lag), denominator=counted) -%}
        {%- do kpis.append(dict(one, definition='default', lag=lag, source=lag_origin, formula='median of ' ~ words, note=lag_note)) -%}
        {%- do kpis.append(dict(one, definition='naive', source='common usage', formula='mean of ' ~ words, note='A few very late ones move a mean, not a median.')) -%}
    {%- endfor -%}

    {%- set charged = {'source': 'lines', 'value': '1', 'month': submitted, 'filter': first_pass ~ ' and lines.charge_amount > 0 and lines.first_adjudicated_date is not null'} -%}
    {%- set denied_line = dict(lines_denied, month=submitted) -%}
    {%- set recovered_line = dict(denied_line, filter=denied_line.filter ~ ' and denials.is_recovered') -%}
    {%- set line = dict(model='agg_denied_line', unit='share', basis='cohort') -%}
    {%- do kpis.append(dict(line, kpi='denied_line', name='Denied lines', definition='default', source=own,
        formula='answered lines first denied ÷ answered lines with a charge, by month of submission',
        note='Denied: charged, the payer paid nothing, the patient owes nothing and the adjustments are not contractual only. A line without a charge cannot be denied.',
        numerator=denied_line, denominator=charged)) -%}
    {%- do kpis.append(dict(line, kpi='denied_line', name='Denied lines', definition='naive', source='common usage',
        formula='answered lines with no payment after all answers ÷ answered lines with a charge, by month of submission',
        note='Counts deductibles and contractual lines as denied, and forgets denials that were overturned.',
        numerator=dict(charged, filter=charged.filter ~ ' and lines.paid_amount = 0'), denominator=charged)) -%}
    {%- do kpis.append(dict(line, kpi='denied_line_recovered', name='Denied lines recovered', definition='default', source=own,
        formula='lines first denied that a later answer paid ÷ lines first denied, by month of submission',
        note='Later submissions of the same claim count.',
        numerator=recovered_line, denominator=denied_line)) -%}
    {%- set receivable = {'source': 'receivables', 'value': 'receivables.open_balance_amount', 'filter': 'receivables.open_balance_amount <> 0',
        'month': 'receivables.month_date'} -%}
    {%- set owed = dict(receivable, filter='receivables.open_balance_amount > 0') -%}
    {%- set gross_charges = 'claims.charge_amount - claims.superseded_amount' -%}
    {%- set days = dict(model='agg_net_days_in_ar', kpi='net_days_in_ar', name='Net days in A/R', unit='days', basis='cohort') -%}
    {%- do kpis.append(dict(days, definition='default', source=map_keys ~ ', net days in accounts receivable', factor=90,
        formula='open balances less credits at the end of the month ÷ net patient service revenue of a day, averaged over the trailing 90 days',
        note='Net patient service revenue: ' ~ revenue_words ~ '. Claims without an answer stand at their charge on both sides: no allowance is estimated for them.',
        numerator=receivable, denominator=dict(net_revenue, days=90))) -%}
    {%- do kpis.append(dict(days, definition='mgma', source=mgma ~ ', days of gross fee-for-service charges in A/R', factor=365,
        formula='open balances, credits not taken off, at the end of the month ÷ gross charges of a day, averaged over twelve months',
        note='Gross on both sides; slow to show a change.',
        numerator=owed, denominator=dict(net_revenue, value=gross_charges, months=(0, 11)))) -%}
    {%- do kpis.append(dict(days, definition='naive', source='common usage', factor=90,
        formula='open balances less credits at the end of the month ÷ gross charges of a day, averaged over the trailing 90 days',
        note='Charges are never paid in full, so the days look fewer than they are.',
        numerator=receivable, denominator=dict(net_revenue, value=gross_charges, days=90))) -%}
    {%- for bucket, words, test in [
        ('over_90', 'over 90 days', '> 90'), ('0_30', '0 to 30 days', '<= 30'), ('31_60', '31 to 60 days', 'between 31 and 60'),
        ('61_90', '61 to 90 days', 'between 61 and 90'), ('91_120', '91 to 120 days', 'between 91 and 120'), ('over_120', 'over 120 days', '> 120'),
    ] -%}
        {%- set aged = dict(model='agg_aged_ar', kpi='aged_ar_' ~ bucket, name='A/R aged ' ~ words, unit='share', basis='event', denominator=owed) -%}
        {%- do kpis.append(dict(aged, definition='default', source=map_keys ~ ', AR-1 and AR-2',
            formula='open balances ' ~ words ~ ' old at the end of the month ÷ open balances at the end of the month',
            note='Billed receivables, aged from the day of submission; credit balances do not count. In total and by payer.',
            numerator=dict(owed, filter=owed.filter ~ ' and receivables.age_days ' ~ test))) -%}
        {%- if bucket == 'over_90' -%}
            {%- do kpis.append(dict(aged, definition='service', source=map_keys ~ ', AR-3',
                formula='open balances of services over 90 days ago ÷ open balances at the end of the month',
                note='Aged from the first day of service: time before billing counts.',
                numerator=dict(owed, filter=owed.filter ~ ' and receivables.as_of_date - receivables.service_from_date > 90'))) -%}
            {%- do kpis.append(dict(aged, definition='naive', source='common usage',
                formula='open balances over 90 days old less credits ÷ open balances less credits, at the end of the month',
                note='Old credits hide old debts.',
                numerator=dict(receivable, filter=receivable.filter ~ ' and receivables.age_days > 90'), denominator=receivable)) -%}
        {%- endif -%}
    {%- endfor -%}

    {%- set short = {'source': 'underpayments', 'value': 'underpayments.variance_amount', 'filter': 'underpayments.variance_amount > 0', 'month': 'underpayments.detected_date'} -%}
    {%- set allowed = {'source': 'lines', 'value': 'lines.allowed_amount', 'filter': 'claims.is_primary and lines.allowed_amount > 0', 'month': 'lines.first_adjudicated_date'} -%}
    {%- set variance = dict(model='agg_underpayment_variance', unit='share', basis='event', definition='default') -%}
    {%- do kpis.append(dict(variance, kpi='underpayment_variance', name='Underpayment variance', source=own,
        formula='expected less allowed amounts of lines that were allowed too little, by month of the answer ÷ allowed amounts of lines first answered in the month',
        note='Found line by line, worked claim by claim. Expected is what the contract says, or where none prices the line what the payer usually allows for the same thing (fct_underpayments.expected_method).',
        numerator=short, denominator=allowed)) -%}
    {%- do kpis.append(dict(variance, definition='naive', kpi='underpayment_variance', name='Underpayment variance', source='common usage',
        formula='expected less allowed amounts, as they still stand open ÷ allowed amounts of lines first answered in the month',
        note='Forgets what was short and came in later.',
        numerator=dict(short, value='underpayments.open_variance_amount'), denominator=allowed)) -%}
    {%- do kpis.append(dict(variance, basis='cohort', kpi='underpayment_recovered', name='Underpayments recovered', source=own,
        formula='variance later allowed ÷ variance found, by month of the short answer',
        note='From later answers of the payer. Variances of claims replaced or reversed since are not recovered.',
        numerator=dict(short, value='underpayments.recovered_amount'), denominator=short)) -%}
    {{ return(kpis) }}
{%- endmacro %}

{#- Where the rows of a measure come from: facts, joined by their keys, and the columns by which all of them are grouped.
    {name} stands for the mart of that name. -#}
{% macro kpi_sources() -%}
    {%- set of_claim = {'tenant': 'claims.tenant_id', 'payer': 'claims.payer_id', 'provider': 'claims.rendering_provider_npi', 'taxonomy': 'claims.taxonomy_code'} -%}
    {%- set on_claim = ' on claims.tenant_id = {0}.tenant_id and claims.claim_id = {0}.claim_id' -%}
    {{ return({
        'claims': dict(of_claim, rows='{fct_claims} as claims'),
        'lines': dict(of_claim, provider='lines.rendering_provider_npi',
            rows='{fct_claim_lines} as lines inner join {fct_claims} as claims' ~ on_claim.replace('{0}', 'lines')),
        'denials': dict(of_claim, rows='{fct_denials} as denials inner join {fct_claims} as claims' ~ on_claim.replace('{0}', 'denials')),
        'remittances': dict(of_claim,
            rows='{fct_remittances} as remittances inner join {fct_claims} as claims' ~ on_claim.replace('{0}', 'remittances')),
        'cash': dict(of_claim, tenant='remittances.tenant_id', payer='coalesce(claims.payer_id, remittances.payer_id)',
            rows='{fct_remittances} as remittances left join {fct_claims} as claims' ~ on_claim.replace('{0}', 'remittances')),
        'claim_denials': dict(of_claim, rows='{fct_claims} as claims inner join ('
            ~ 'select tenant_id, claim_id, sum(denied_amount) as denied_amount, sum(recovered_amount) as recovered_amount, '
            ~ 'min(recovered_date) as recovered_date, sum(case when is_recovered then 0 else 1 end) as unrecovered_count '
            ~ 'from {fct_denials} where is_initial group by tenant_id, claim_id) as denials' ~ on_claim.replace('{0}', 'denials')
            ~ ' left join {fct_claims} as current_claims on claims.tenant_id = current_claims.tenant_id'
            ~ ' and claims.claim_chain_id = current_claims.claim_chain_id and current_claims.is_live'),
        'next_claims': dict(of_claim, rows='{fct_claims} as claims inner join ('
            ~ 'select tenant_id, claim_id, lead(submitted_date) over (partition by tenant_id, claim_chain_id order by submission_number)'
            ~ ' as next_submitted_date from {fct_claims}) as next_claims' ~ on_claim.replace('{0}', 'next_claims')),
        'receivables': {'tenant': 'receivables.tenant_id', 'payer': 'receivables.payer_id', 'provider': 'receivables.rendering_provider_npi',
            'specialty': 'receivables.specialty', 'rows': '{fct_ar_snapshot} as receivables'},
        'underpayments': {'tenant': 'underpayments.tenant_id', 'payer': 'underpayments.payer_id',
            'provider': 'underpayments.rendering_provider_npi', 'specialty': 'underpayments.specialty',
            'rows': '{fct_underpayments} as underpayments'},
        'costs': {'tenant': 'costs.tenant_id', 'payer': 'cast(null as text)', 'provider': 'cast(null as text)',
            'rows': '{fct_revenue_cycle_costs} as costs'},
    }) }}
{%- endmacro %}

{#- The rows of a source as SQL: of this project's relations, or as they are called in a published copy. -#}
{% macro kpi_rows(source, published=false) -%}
    {%- set found = namespace(sql=kpi_sources()[source].rows) -%}
    {%- for mart in [
        'fct_claims', 'fct_claim_lines', 'fct_denials', 'fct_remittances', 'fct_ar_snapshot', 'fct_underpayments', 'fct_revenue_cycle_costs'
    ] -%}
        {%- if '{' ~ mart ~ '}' in found.sql -%}
            {%- set found.sql = found.sql.replace('{' ~ mart ~ '}', 'marts.' ~ mart if published else ref(mart) | string) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found.sql) }}
{%- endmacro %}
