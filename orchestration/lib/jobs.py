"""Names of the jobs, so that schedules, sensors and commands agree on them.

Belongs here: names and what each is for. Does not belong here: the jobs (`orchestration/defs/jobs.py`).
"""

# Enter the landed files of a range of days into the ledger.
LAND = "land"
# Everything built on what the ledger holds: bronze to serving, training included.
MAIN = "main"
# The same without training: the champion goes on scoring.
DAILY = "daily"
# A new champion, and the scores and published copies that follow from it.
RETRAIN = "retrain"
