"""The append-only, hash-chained audit journal: writer, reader, verifier (DESIGN section 3, SW-18.8 to SW-18.11)."""
