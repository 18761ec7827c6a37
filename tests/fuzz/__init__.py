"""Fuzzing: inputs nobody would send, held to the promises that every input is held to."""
