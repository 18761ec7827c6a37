"""Speed and size, measured against the goals of the project, one module per benchmark.

Belongs here: measuring, from outside, in fresh processes. Does not belong here: what is measured, and tests (a figure
depends on the machine, a test must not).
"""
