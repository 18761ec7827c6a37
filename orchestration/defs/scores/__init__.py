"""Assets of what models say about claims."""
