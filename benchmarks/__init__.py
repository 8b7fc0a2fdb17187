"""What the platform costs, as ratios to nginx in the same run (DESIGN section 8)."""
