"""The engagement index's rules: what an engagement is, what is refused, what is told to whom. Pure (EI-1.1)."""
