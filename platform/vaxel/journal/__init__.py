"""The append-only, hash-chained audit journal, its reader, verifier and shipper (DESIGN section 3, SW-18.8 to 18.11)."""
