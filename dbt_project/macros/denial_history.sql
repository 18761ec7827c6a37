{#- The kinds of history that a submission is judged by. `relation` and `value` say whose history it is; `known` names the
    day on which a piece of evidence became known: that of the first answer for denials, that of the submission itself
    for habits (what the billing office usually sends). A row that is no question only teaches; a row that is no
    evidence only asks (a line with a valid authorization says nothing about what happens without one). -#}
{% macro denial_history_subjects() -%}
    {%- set denials = {'known': 'answered_day', 'question': 'true', 'evidence': 'true'} -%}
    {%- set claims = dict(denials, relation='int_denial__history_claims', hit='is_initially_denied') -%}
    {%- set lines = dict(denials, relation='int_denial__history_lines') -%}
    {%- set habits = dict(lines, known='submitted_day') -%}
    {%- set subjects = [] -%}
    {%- for subject in denial_history_rates() -%}
        {%- do subjects.append(dict(claims, subject=subject, value=subject ~ '_value')) -%}
    {%- endfor -%}
    {%- for subject, value, category in [
        ('covered_procedure', 'payer_procedure_value', 'non_covered_benefit'),
        ('diagnosis_procedure', 'diagnosis_procedure_value', 'medical_necessity'),
        ('modified_procedure', 'modified_procedure_value', 'coding'),
        ('procedure_units', 'procedure_units_value', 'frequency'),
    ] -%}
        {%- do subjects.append(dict(lines, subject=subject, value=value, hit="reason_category = '" ~ category ~ "'")) -%}
    {%- endfor -%}
    {%- do subjects.append(dict(
        lines, subject='unauthorized_procedure', value='payer_procedure_value', hit="reason_category = 'authorization'",
        question="authorization_state <> 'valid'", evidence="authorization_state <> 'valid'",
    )) -%}
    {%- do subjects.append(dict(
        lines, subject='procedure_pair', relation='int_denial__history_pairs', value='procedure_pair_value',
        hit="reason_category in ('bundling', 'coding')",
    )) -%}
    {%- do subjects.append(dict(
        habits, subject='usual_authorization', value='payer_procedure_value', hit="authorization_state <> 'none'",
        question="authorization_state <> 'valid'",
    )) -%}
    {%- do subjects.append(dict(
        habits, subject='usual_evaluation_modifier', relation='int_denial__history_pairs', value='evaluation_pair_value',
        hit='has_evaluation_modifier', question='not has_evaluation_modifier',
    )) -%}
    {%- for modifier in ['side', 'therapy', 'drug', 'telehealth'] -%}
        {%- do subjects.append(dict(
            habits, subject='usual_' ~ modifier ~ '_modifier', value='procedure_setting_value',
            hit='has_' ~ modifier ~ '_modifier', question='not has_' ~ modifier ~ '_modifier',
        )) -%}
    {%- endfor -%}
    {{ return(subjects) }}
{%- endmacro %}

{#- Kinds of history of which a claim gets plain rates. -#}
{% macro denial_history_rates() -%}
    {{ return(['payer', 'provider', 'payer_procedure', 'payer_provider', 'patient']) }}
{%- endmacro %}

{#- Beside windows of days stands one of the last six pieces of evidence: after a change of a payer's policy it has
    forgotten the old one within six answers. -#}
{% macro denial_history_risks() -%}
    {{ return([
        'unauthorized_procedure', 'covered_procedure', 'diagnosis_procedure', 'modified_procedure', 'procedure_units',
        'procedure_pair',
    ]) }}
{%- endmacro %}

{#- Worst risk of the rows asked about, of each subject. -#}
{%- macro denial_risk_columns(subjects) %}
    {%- for subject in subjects %}
    max({{ subject }}.risk) as {{ subject }}_risk,
    max({{ subject }}.recent_risk) as recent_{{ subject }}_risk,
    {%- endfor %}
{%- endmacro %}

{#- Every kind of history of a relation, joined as of the day of its submission. -#}
{%- macro denial_history_joins(relation) %}
    {%- for kind in denial_history_subjects() if kind.relation == relation %}
    left join history as {{ kind.subject }}
        on
            {{ kind.subject }}.subject = '{{ kind.subject }}'
            and asked.tenant_id = {{ kind.subject }}.tenant_id
            and asked.{{ kind.value }} = {{ kind.subject }}.subject_value
            and asked.submitted_day = {{ kind.subject }}.submitted_day
            and {{ kind.question }}
    {%- endfor %}
{%- endmacro %}

{#- The names as literals, one a line. -#}
{%- macro literals(names) -%}
    {%- for name in names %}
        '{{ name }}'{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
