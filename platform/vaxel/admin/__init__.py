"""What operators ask and change: operation surfaces, facts, and the admin API (`api`, the only part with FastAPI)."""
