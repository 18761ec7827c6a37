"""Tests of the models: training, evaluation, scoring, the registry, drift, their commands."""
