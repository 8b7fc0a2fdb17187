"""Names of SOAP and RIV TA as they stand on the wire."""

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
REGISTRY_1 = "urn:riv:itintegration:registry:1"
REGISTRY_2 = "urn:riv:infrastructure:itintegration:registry:2"
XOP = "http://www.w3.org/2004/08/xop/include"

BP20_ADDRESS = "To"
BP21_ADDRESS = "LogicalAddress"
HEADER_NAMES = frozenset({BP20_ADDRESS, BP21_ADDRESS})
STANDARD_HEADERS = frozenset(
    {f"{{{ADDRESSING}}}To", f"{{{REGISTRY_1}}}LogicalAddress", f"{{{REGISTRY_2}}}LogicalAddress"}
)
