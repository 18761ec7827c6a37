"""Assets of trained models."""
