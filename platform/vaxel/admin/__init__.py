"""The admin API: FastAPI routes that answer problem+json."""
