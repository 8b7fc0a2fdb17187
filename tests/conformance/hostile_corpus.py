"""Messages that mean harm: each with what it must be refused with (switch.md section 4, SW-13.6 to SW-13.8)."""

from dataclasses import dataclass

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
ADDRESS = "urn:riv:itintegration:registry:1"
CONTRACT = "urn:riv:clinicalprocess:healthcond:description:GetDiagnosisResponder:2"
XML = "text/xml;charset=UTF-8"
HEADER = f'<a:LogicalAddress xmlns:a="{ADDRESS}">SE2321000016-39KJ</a:LogicalAddress>'
PAYLOAD = f'<GetDiagnosis xmlns="{CONTRACT}"/>'

MALFORMED = "request.malformed-xml"
COMPLEX = "request.too-complex"
DOCTYPE = "request.doctype-forbidden"
AMBIGUOUS = "request.ambiguous-envelope"
NO_ENVELOPE = "request.no-envelope"
NO_BODY = "request.no-body-element"
HEAD = "request.head-too-large"
UNROUTED = "routing.no-route"
"""A contract that nobody knows is not read to its end (SW-4.2); it leads nowhere, since nothing is routed for it."""
VIOLATION = "request.contract-violation"


@dataclass(frozen=True, slots=True)
class Hostile:
    """One message: its name, its bytes, the cause that it must be refused with, and its Content-Type."""

    name: str
    content: bytes
    cause: str | tuple[str, ...]
    content_type: str = XML


def soap(
    header: str = HEADER, body: str = PAYLOAD, *, prolog: str = "", envelope: str = "", namespace: str = SOAP
) -> bytes:
    """An envelope with something wrong in one of its places."""
    return (
        f'{prolog}<s:Envelope xmlns:s="{namespace}"{envelope}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def known(content: str) -> str:
    """Something within a contract that is read to its end."""
    return PAYLOAD.replace("/>", f">{content}</GetDiagnosis>")


def entities() -> list[Hostile]:
    """Document types: none is read, whatever it holds."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 20))
    types = {
        "bomb of entities": f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>',
        "bomb of one long entity": f'<!DOCTYPE x [<!ENTITY a "{"a" * 60_000}">]>',
        "external entity of a file": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        "external entity over http": '<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1:1/">]>',
        "external entity over ftp": '<!DOCTYPE x [<!ENTITY a SYSTEM "ftp://127.0.0.1/">]>',
        "external document type": '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">',
        "public document type": '<!DOCTYPE x PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.1/x.dtd">',
        "parameter entity": '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]>',
        "recursive entity": '<!DOCTYPE x [<!ENTITY a "&b;"><!ENTITY b "&a;">]>',
        "default attributes": '<!DOCTYPE x [<!ATTLIST s:Envelope evil CDATA "x">]>',
        "notation": '<!DOCTYPE x [<!NOTATION n SYSTEM "n"><!ENTITY a SYSTEM "a" NDATA n>]>',
        "empty document type": "<!DOCTYPE x>",
        "document type that never ends": "<!DOCTYPE x [" + "<!-- -->" * 1000,
        "document type after a comment": "<!-- x --><!DOCTYPE x>",
        "document type after an instruction": "<?x y?><!DOCTYPE x []>",
    }
    found = [
        Hostile(name, soap(prolog='<?xml version="1.0"?>' + text, body=PAYLOAD), (DOCTYPE, MALFORMED))
        for name, text in types.items()
    ]
    used = soap(prolog='<!DOCTYPE x [<!ENTITY a "A">]>', header=HEADER.replace("SE23", "&a;"))
    return [
        *found,
        Hostile("entity in the address", used, DOCTYPE),
        Hostile("undefined entity", soap(body=known("&nbsp;")), MALFORMED),
        Hostile("document type in the middle", soap(body="<!DOCTYPE x><x/>"), (DOCTYPE, MALFORMED)),
        Hostile("document type in lower case", soap(prolog="<!doctype x>"), MALFORMED),
        Hostile(
            "document type in UTF-16", ('<!DOCTYPE x [<!ENTITY a "b">]>' + soap().decode()).encode("utf-16"), DOCTYPE
        ),
    ]


def floods() -> list[Hostile]:
    """More of something than a message needs (SW-4.8)."""
    attributes = " ".join(f'a{n}="v"' for n in range(300))
    namespaces = " ".join(f'xmlns:n{n}="urn:{n}"' for n in range(70))
    return [
        Hostile("nested 101 deep", soap(body="<x>" * 101 + "</x>" * 101), COMPLEX),
        Hostile("nested 100,000 deep", soap(body="<x>" * 100_000), COMPLEX),
        Hostile("nested and never closed", b"<x>" * 200_000, COMPLEX),
        Hostile("300 attributes", soap(body=f"<x {attributes}/>"), COMPLEX),
        Hostile("100,000 attributes", soap(body="<x " + " ".join(f'a{n}=""' for n in range(100_000)) + "/>"), COMPLEX),
        Hostile("70 namespaces on one element", soap(body=f"<x {namespaces}/>"), COMPLEX),
        Hostile(
            "20,000 namespaces", soap(body="<x " + " ".join(f'xmlns:n{n}="u"' for n in range(20_000)) + "/>"), COMPLEX
        ),
        Hostile("namespaces on the envelope", soap(envelope=" " + namespaces), COMPLEX),
        Hostile("a tag of 70,000 bytes", soap(body=f'<x a="{"v" * 70_000}"/>'), COMPLEX),
        Hostile("an attribute of 5 MB", soap(body=f'<x a="{"v" * 5_000_000}"/>'), COMPLEX),
        Hostile("a name of 70,000 bytes", soap(body=f"<{'n' * 70_000}/>"), COMPLEX),
        Hostile("a namespace of 70,000 bytes", soap(body=f'<x xmlns="urn:{"n" * 70_000}"/>'), COMPLEX),
        Hostile("a tag that never ends", soap(body="<x " + "a " * 60_000), (COMPLEX, MALFORMED)),
        Hostile("a comment of 5 MB", soap(body=f"<!--{'c' * 5_000_000}--><x/>"), HEAD),
        Hostile("a comment that never ends", soap(body="<!--" + "c" * 1_000_000), HEAD),
        Hostile("CDATA that never ends", soap(body=known("<![CDATA[" + "c" * 100_000)), MALFORMED),
        Hostile("an instruction that never ends", soap(body="<?x " + "c" * 1_000_000), HEAD),
        Hostile("50,000 comments", soap(body="<!---->" * 50_000 + "<x/>"), HEAD),
        Hostile("20,000 elements in the body", soap(body=PAYLOAD * 20_000), (AMBIGUOUS, COMPLEX)),
        Hostile(
            "50,000 address elements",
            soap(header=HEADER.replace("39KJ", "A") + HEADER * 20_000),
            (AMBIGUOUS, "request.head-too-large"),
        ),
        Hostile(
            "an address of 1 MB",
            soap(header=HEADER.replace("SE23", "S" * 1_000_000)),
            ("request.head-too-large", "routing.no-route"),
        ),
    ]


def encodings() -> list[Hostile]:
    """Bytes that are not what they say."""
    declared = '<?xml version="1.0" encoding="{}"?>'
    text = soap().decode()
    return [
        Hostile("not UTF-8", soap(body=known("å")).replace("å".encode(), b"\xe5"), MALFORMED),
        Hostile("overlong UTF-8", soap().replace(b"SE23", b"\xc0\xbcSE23"), MALFORMED),
        Hostile("a surrogate in UTF-8", soap().replace(b"SE23", b"\xed\xa0\x80"), MALFORMED),
        Hostile("a NUL", soap().replace(b"SE23", b"\0SE23"), MALFORMED),
        Hostile("a control character", soap().replace(b"SE23", b"\x08"), MALFORMED),
        Hostile("a reference to a control character", soap(header=HEADER.replace("SE23", "&#8;")), MALFORMED),
        Hostile("a reference to a surrogate", soap(header=HEADER.replace("SE23", "&#xD800;")), MALFORMED),
        Hostile("a reference out of range", soap(header=HEADER.replace("SE23", "&#x110000;")), MALFORMED),
        Hostile("cut within a character", soap(body=known("å")).split("å".encode())[0] + b"\xc3", MALFORMED),
        Hostile("UTF-7", (declared.format("UTF-7") + text).encode("utf-7"), MALFORMED),
        Hostile("EBCDIC", (declared.format("IBM037") + text).encode("cp037"), MALFORMED),
        Hostile("an unknown encoding", (declared.format("x-secret") + text).encode(), MALFORMED),
        Hostile("an encoding of Python's", (declared.format("rot13") + text).encode(), MALFORMED),
        Hostile("another of Python's", (declared.format("unicode_escape") + text).encode(), MALFORMED),
        Hostile(
            "declared UTF-8, is UTF-16", (declared.format("UTF-8") + text).encode("utf-16-le"), (MALFORMED, VIOLATION)
        ),
        Hostile("declared UTF-16, is cut", (declared.format("UTF-16") + text).encode("utf-16")[:-1], MALFORMED),
        Hostile(
            "declared UTF-16, is latin-1",
            (declared.format("UTF-16") + text.replace("SE23", "Å")).encode("latin-1"),
            MALFORMED,
        ),
        Hostile(
            "declared ISO-8859-1, with a document type",
            ('<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE x>' + text).encode(),
            DOCTYPE,
        ),
        Hostile("XML 1.1", b'<?xml version="1.1"?>' + soap().replace(b"SE23", b"&#1;"), MALFORMED),
        Hostile("two declarations", (declared.format("UTF-8") * 2 + text).encode(), MALFORMED),
    ]


def envelopes() -> list[Hostile]:
    """Envelopes that could be read in two ways, or in none (SW-4.1, SW-4.11, SW-4.12)."""
    other = HEADER.replace("39KJ", "40KJ")
    to = '<w:To xmlns:w="http://www.w3.org/2005/08/addressing">{}</w:To>'
    evil = f'<s:Body xmlns:s="{SOAP}"><x/></s:Body>'
    whole = soap().decode()
    return [
        Hostile("two addresses that differ", soap(header=HEADER + other), AMBIGUOUS),
        Hostile("two profiles that differ", soap(header=HEADER + to.format("SE-1")), AMBIGUOUS),
        Hostile("an address that differs by case", soap(header=HEADER + HEADER.replace("39KJ", "39kj")), AMBIGUOUS),
        Hostile("an address hidden in another header", soap(header=f"<w>{other}</w>{HEADER}"), AMBIGUOUS),
        Hostile("an address in another namespace", soap(header=HEADER + other.replace(ADDRESS, "urn:evil")), AMBIGUOUS),
        Hostile("two bodies", whole.replace("</s:Envelope>", "<s:Body><x/></s:Body></s:Envelope>").encode(), AMBIGUOUS),
        Hostile("a body within the header", soap(header=evil + HEADER), AMBIGUOUS),
        Hostile("a body within a header element", soap(header=f"<w>{evil}</w>" + HEADER), AMBIGUOUS),
        Hostile("two elements in the body", soap(body=PAYLOAD + "<x/>"), AMBIGUOUS),
        Hostile("a wrapped envelope", f"<w>{whole}</w>".encode(), NO_ENVELOPE),
        Hostile("an envelope in the body", soap(body=whole), UNROUTED),
        Hostile("an envelope after the envelope", (whole + whole).encode(), MALFORMED),
        Hostile("text after the envelope", (whole + "x").encode(), MALFORMED),
        Hostile("text before the envelope", ("x" + whole).encode(), MALFORMED),
        Hostile("SOAP 1.2", soap(namespace=SOAP12), "request.soap12"),
        Hostile("another envelope namespace", soap(namespace="urn:evil"), NO_ENVELOPE),
        Hostile(
            "no namespace at all",
            whole.replace(f' xmlns:s="{SOAP}"', "").replace("<s:", "<").replace("</s:", "</").encode(),
            NO_ENVELOPE,
        ),
        Hostile("an unbound prefix", whole.replace(f' xmlns:s="{SOAP}"', "").encode(), MALFORMED),
        Hostile("no body", whole.partition("<s:Body>")[0].encode() + b"</s:Envelope>", NO_BODY),
        Hostile("an empty body", soap(body=""), NO_BODY),
        Hostile("a body of comments", soap(body="<!-- x --><?y?>"), NO_BODY),
        Hostile("a body of text", soap(body="hello"), NO_BODY),
        Hostile("HTML", b"<html><body>hello</body></html>", NO_ENVELOPE),
        Hostile("JSON", b'{"hello": "world"}', MALFORMED),
        Hostile("nothing", b"", "request.empty"),
        Hostile("blanks", b" \r\n\t" * 100, "request.empty"),
        Hostile("a mark and nothing else", b"\xef\xbb\xbf", "request.empty"),
        Hostile("random bytes", bytes(range(256)) * 10, MALFORMED),
        Hostile("gzip that is not said", b"\x1f\x8b\x08" + b"\0" * 50, MALFORMED),
        Hostile("cut in a tag", whole[:-20].encode(), MALFORMED),
        Hostile("cut before the body ends", whole.partition("</s:Body>")[0].encode(), MALFORMED),
        Hostile("a duplicate attribute", soap(body='<x a="1" a="2"/>'), MALFORMED),
        Hostile("a raw < in an attribute", soap(body='<x a="<"/>'), MALFORMED),
        Hostile(
            "XInclude of a file",
            soap(body='<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>'),
            UNROUTED,
        ),
        Hostile(
            "a schema location",
            soap(
                body=PAYLOAD.replace(
                    "/>",
                    ' xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:schemaLocation="urn:x http://127.0.0.1:1/x.xsd"/>',
                )
            ),
            VIOLATION,
        ),
        Hostile(
            "a type of its own",
            soap(
                body=PAYLOAD.replace(
                    "/>", ' xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:type="anyType"><evil/></GetDiagnosis>'
                )
            ),
            VIOLATION,
        ),
        Hostile(
            "a stylesheet",
            soap(prolog='<?xml-stylesheet href="http://127.0.0.1:1/x.xsl"?>', body="<x/>"),
            UNROUTED,
        ),
    ]


def multiparts() -> list[Hostile]:
    """MTOM that is none (SW-13.6 to SW-13.8)."""
    kind = 'multipart/related; boundary=b; type="application/xop+xml"'
    return [
        Hostile("multipart without parts", b"--b--\r\n", NO_ENVELOPE, kind),
        Hostile("multipart without an end", b"--b\r\n\r\n" + soap()[:-30], (NO_ENVELOPE, MALFORMED), kind),
        Hostile("multipart with garbage", b"\0" * 1000, NO_ENVELOPE, kind),
        Hostile(
            "multipart without envelope",
            b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n",
            NO_ENVELOPE,
            kind,
        ),
        Hostile(
            "attachments that are not XOP",
            b"--b\r\n\r\n" + soap() + b"\r\n--b--",
            (NO_ENVELOPE, MALFORMED),
            "multipart/related; boundary=b; type=text/xml",
        ),
        Hostile(
            "multipart without boundary",
            b"--b\r\n\r\nhello\r\n--b--",
            NO_ENVELOPE,
            "multipart/related; type=application/xop+xml",
        ),
        Hostile("100,000 parts", b"--b\r\n\r\nx\r\n" * 100_000, (NO_ENVELOPE, COMPLEX), kind),
    ]


CORPUS = (*entities(), *floods(), *encodings(), *envelopes(), *multiparts())
