"""Helpers around Dagster and the command line that more than one defs module or command uses."""
