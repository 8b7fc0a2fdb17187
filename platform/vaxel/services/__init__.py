"""The platform's own producers."""
