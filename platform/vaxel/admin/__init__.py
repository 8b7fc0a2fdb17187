"""What operators ask and change: surfaces, facts, and the admin API (`api`, whose parts alone import FastAPI)."""
