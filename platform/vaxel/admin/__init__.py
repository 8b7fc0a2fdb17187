"""What operators ask and change: surfaces, facts, and the admin API (FastAPI in `api`, `contract_routes`, `problems` only)."""
