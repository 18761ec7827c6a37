"""Assets of files as received, entered into the ledger."""
