"""Quality of data and of claims: the Great Expectations suites on bronze. Imports nothing of ours but `claims`."""
