"""The table of docs/rules.md, made from the rules."""

from itertools import groupby

from quality.scrub.rulebook import Rulebook


def table_of(book: Rulebook) -> str:
    """Markdown: a heading for each category, a row for each rule."""
    parts = []
    rules = sorted(book.rules, key=lambda rule: (rule.category, rule.id))
    for category, members in groupby(rules, key=lambda rule: rule.category):
        parts.append(f"\n### {category.capitalize() if category.islower() else category}\n")
        parts.append("| rule | scope | layer | severity | what it finds | CARC | basis |")
        parts.append("| --- | --- | --- | --- | --- | --- | --- |")
        parts.extend(
            f"| {rule.id} | {rule.scope} | {rule.reach.layer} | {rule.severity} | {rule.message} "
            f"| {rule.carc or ''} | {rule.citation} |"
            for rule in members
        )
    return "\n".join(parts) + "\n"
