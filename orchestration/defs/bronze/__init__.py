"""Assets of the identity line: files to lake tables, and the suites that guard them."""
