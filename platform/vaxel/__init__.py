"""Växel: a health-care service platform. The journey of a message is in `vaxel.exchange`."""

__version__ = "0.1.0"
