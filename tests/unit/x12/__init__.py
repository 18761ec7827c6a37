"""Tests of the X12 codec; a package, so that they share builders."""
