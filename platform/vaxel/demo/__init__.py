"""Simulated regions, journal systems and patients on loopback."""
