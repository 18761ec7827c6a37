"""Models: features in, scores out, and the registry and drift reports around them. No Dagster, no settings."""
