"""Keys, tokens, the vault, and the identity line. Imports of ours only `claims.schema` and `claims.store`."""
