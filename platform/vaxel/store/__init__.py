"""What must survive and be shared: SQLite in the home, or PostgreSQL where `VAXEL_STORE_URL` names one (ADR 7)."""
