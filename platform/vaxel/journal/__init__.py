"""The append-only, hash-chained audit journal (DESIGN section 3)."""
