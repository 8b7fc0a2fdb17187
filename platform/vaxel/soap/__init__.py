"""SOAP envelopes, faults, and the two doors to XML: tree and scan (SW-4.13). Pure."""
