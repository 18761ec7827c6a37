"""Assets of staging to features, built by dbt."""
