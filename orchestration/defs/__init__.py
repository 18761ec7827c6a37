"""Definitions, found by their place: every module below is loaded, and each holds one kind of thing in one style.

Belongs here: thin glue between Dagster and the packages that do the work. Does not belong here: the work.
"""
