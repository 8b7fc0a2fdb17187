"""The whole platform with simulated parties in a home of its own: what `vaxel demo` runs."""
