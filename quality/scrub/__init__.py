"""Claims scrubbing: rules as data (`quality/rules/*.yml`) compiled to a few wide set-wise passes over Arrow tables.

`load_rules` reads and checks rule files, `Scrubber` holds them compiled, `scrub` is one call for one set of tables.
Safe repair is apart (`quality.scrub.repair`). Does not belong here: files on disk other than rules, the lake, screens.
"""

from quality.scrub.kernel import EDITS, Scrubber, scrub
from quality.scrub.rulebook import Override, Rule, Rulebook, RuleError, load_rules

__all__ = ["EDITS", "Override", "Rule", "RuleError", "Rulebook", "Scrubber", "load_rules", "scrub"]
