"""The suites that guard what models learn from."""
