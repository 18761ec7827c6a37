"""Assets of the published copies that people read."""
