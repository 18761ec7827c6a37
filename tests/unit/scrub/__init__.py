"""Tests of the scrub kernel and of every rule of the project."""
