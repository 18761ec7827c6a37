"""One module per subcommand of `claimworks`; `orchestration/cli.py` says how such a module looks."""
