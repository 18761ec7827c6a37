"""Reference tables: the official code and fee files as published, by release, and the day on which each row holds.

Belongs here: what the rest of the house may call. Does not belong here: rules that use the tables (`quality`), prices
(`claims.pricing`).
"""
