"""Reading the envelope: switch.md section 4, each reading through both doors, each refusal also through a socket.

Also shown elsewhere: SW-4.8 and SW-4.11 by the hostile corpus (test_hostile.py), SW-4.9 for every way that a message can
come and SW-4.2 for whatever pieces it is cut into in exchange/test_read.py, SW-4.13 as a property in soap/test_scan.py.
"""

import ast
from pathlib import Path

import pytest
from scene import DIAGNOSIS, REQUEST, UNIT, UNKNOWN, Scene, message, scene

import vaxel
from vaxel.call import Envelope, RivtaProfile
from vaxel.soap import charset, scan, tree
from vaxel.soap.names import ADDRESSING, REGISTRY_1, REGISTRY_2, SOAP11, SOAP12

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPEN = f'<GetNothing xmlns="{UNKNOWN}"/>'
BP20, BP21 = RivtaProfile.BP20, RivtaProfile.BP21


def address(text: str = UNIT, name: str = "LogicalAddress", namespace: str = REGISTRY_1) -> str:
    return f'<q:{name} xmlns:q="{namespace}">{text}</q:{name}>'


def soap(header: str | None = None, body: str = OPEN, *, after: str = "", before: str = "") -> bytes:
    header = address() if header is None else header
    return (
        f'<s:Envelope xmlns:s="{SOAP11}">{before}<s:Header>{header}</s:Header><s:Body>{body}</s:Body>{after}</s:Envelope>'
    ).encode()


def read(content: bytes, *, strict: bool = False) -> Envelope:
    """Through both doors, which must agree."""
    content = charset.to_utf8(content)[0]
    by_tree = tree.parse(content, strict=strict)
    by_scan = scan.HeadReader(strict=strict).feed(content)
    assert by_scan is not None
    for name in ("receiver", "profile", "contract", "operation", "address_namespace"):
        assert getattr(by_scan, name) == getattr(by_tree, name)
    return by_tree


@pytest.mark.parametrize(
    ("header", "profile"),
    [
        (address(), BP21),
        (address(namespace=REGISTRY_2), BP21),
        (address(namespace="urn:any"), BP21),
        (address(namespace=ADDRESSING), BP21),
        (f"<LogicalAddress>{UNIT}</LogicalAddress>", BP21),
        (address(name="To", namespace=ADDRESSING), BP20),
        (address(name="To", namespace="urn:any"), BP20),
        (f"<x>{address(name='To')}</x>", BP20),
        (address() + address(name="To"), BP20),
        (address(name="To") + address(), BP21),
        (address(name="To") + address(f"<x/>{UNIT}"), BP21),
    ],
)
async def test_sw_4_1_address_headers_by_local_name_and_the_last_decides(header: str, profile: RivtaProfile) -> None:
    found = read(soap(header))
    assert (found.receiver, found.profile) == (UNIT, profile)


async def test_sw_4_1_names_before_the_header_are_no_address() -> None:
    assert read(soap("", before=address())).receiver == ""
    assert read(soap(before=address("SE-OTHER"))).receiver == UNIT


@pytest.mark.parametrize(
    "content",
    [
        soap() + b"<broken",
        soap().replace(b"</s:Envelope>", b""),
        soap(body=f'<GetNothing xmlns="{UNKNOWN}"><a></b></GetNothing>'),
        soap(body=OPEN + OPEN),
        soap(after="<s:Body/>"),
    ],
)
async def test_sw_4_2_what_follows_is_not_examined_where_nothing_needs_it(stage: Scene, content: bytes) -> None:
    """And where the contract is validated or protected, it is."""
    assert (await stage.call(content)).status == 200
    assert stage.producer.seen[0]["body"] == content
    answer = await stage.call(content.replace(UNKNOWN.encode(), DIAGNOSIS.encode()))
    assert answer.code == "VP015"
    assert answer.cause in {"request.malformed-xml", "request.ambiguous-envelope"}


@pytest.mark.parametrize(
    ("receiver", "code", "cause"),
    [
        ("", "VP003", "request.logical-address-missing"),
        (" ", "VP003", "request.logical-address-missing"),
        ("\n\t", "VP003", "request.logical-address-missing"),
        (f" {UNIT}", "VP004", "routing.no-route-whitespace"),
        (f"{UNIT}\n", "VP004", "routing.no-route-whitespace"),
        (UNIT.replace("-", " - "), "VP004", "routing.no-route-whitespace"),
        ("SE-X", "VP004", "routing.no-route"),
    ],
)
async def test_sw_4_3_the_receiver_is_looked_up_as_it_stands(
    stage: Scene, receiver: str, code: str, cause: str
) -> None:
    answer = await stage.call(soap(address(receiver)))
    assert (answer.code, answer.cause) == (code, cause)
    assert [record["receiver"] for record in stage.journal()] == [receiver, receiver]


@pytest.mark.parametrize(
    "text",
    [
        f"<![CDATA[{UNIT}]]>",
        UNIT[:5] + "<![CDATA[" + UNIT[5:] + "]]>",
        UNIT[:5] + "<!-- c -->" + UNIT[5:],
        UNIT[:5] + "<?p i?>" + UNIT[5:],
        f"&#{ord(UNIT[0])};" + UNIT[1:],
        f"&#x{ord(UNIT[0]):x};" + UNIT[1:],
        f"<child>not this</child>{UNIT}",
        UNIT[:5] + "<child>not <b>this</b></child>" + UNIT[5:],
    ],
)
async def test_sw_4_4_the_receiver_is_all_character_content(stage: Scene, text: str) -> None:
    assert read(soap(address(text))).receiver == UNIT
    assert (await stage.call(soap(address(text)))).status == 200


@pytest.mark.parametrize(
    ("body", "contract", "operation"),
    [
        (OPEN, UNKNOWN, "GetNothing"),
        (f"<!-- c --><?p i?>\n {OPEN}", UNKNOWN, "GetNothing"),
        (f'<p:Other xmlns:p="{UNKNOWN}"/>', UNKNOWN, "Other"),
        ("<GetNothing/>", "", "GetNothing"),
    ],
)
async def test_sw_4_5_the_contract_is_the_namespace_of_the_first_element(
    body: str, contract: str, operation: str
) -> None:
    found = read(soap(body=body))
    assert (found.contract, found.operation) == (contract, operation)


async def test_sw_4_5_the_catalogue_is_searched_without_case(stage: Scene) -> None:
    """As routes are; a body without an element is VP015."""
    assert (await stage.call(soap(body=OPEN.replace(UNKNOWN, UNKNOWN.upper())))).status == 200
    refused = await stage.call(message(REQUEST.replace(DIAGNOSIS, DIAGNOSIS.upper())))
    assert refused.cause == "request.contract-violation"
    assert (await stage.call(soap(body=" text "))).cause == "request.no-body-element"


@pytest.mark.parametrize("header", ["", '<w:Action xmlns:w="urn:w">x</w:Action>'])
async def test_sw_4_6_without_an_address_header(stage: Scene, header: str) -> None:
    answer = await stage.call(soap(header))
    assert (answer.code, answer.cause) == ("VP003", "request.logical-address-missing")


@pytest.mark.parametrize("written", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
async def test_sw_4_7_declared_utf_16(stage: Scene, written: str) -> None:
    """Also where it is UTF-8 in fact."""
    content = '<?xml version="1.0" encoding="UTF-16"?>' + soap().decode()
    answer = await stage.call(content.encode(written))
    assert answer.status == 200
    assert stage.producer.seen[0]["body"] == content.replace('"UTF-16"', '"UTF-8"').encode()


def nested(depth: int) -> str:
    return f'<GetNothing xmlns="{UNKNOWN}">{"<a>" * depth}{"</a>" * depth}</GetNothing>'


def with_attributes(text: str) -> str:
    return OPEN.replace("/>", f" {text}/>")


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (nested(97), ""),
        (nested(98), "request.too-complex"),
        (with_attributes("a='" + "v" * 65_000 + "'"), ""),
        (with_attributes("a='" + "v" * 65_536 + "'"), "request.too-complex"),
        (with_attributes(" ".join(f"a{n}=''" for n in range(256))), ""),
        (with_attributes(" ".join(f"a{n}=''" for n in range(257))), "request.too-complex"),
        (with_attributes(" ".join(f"xmlns:a{n}='u'" for n in range(63))), ""),
        (with_attributes(" ".join(f"xmlns:a{n}='u'" for n in range(64))), "request.too-complex"),
        ("<!DOCTYPE a>", "request.doctype-forbidden"),
    ],
)
async def test_sw_4_8_how_complex_a_message_may_be(stage: Scene, body: str, cause: str) -> None:
    assert (await stage.call(soap(body=body))).cause == cause


async def test_sw_4_8_a_document_type_is_refused(stage: Scene) -> None:
    """No entity is resolved, and nothing is fetched."""
    content = b'<!DOCTYPE a [<!ENTITY e SYSTEM "http://127.0.0.1:1/">]>' + soap(address("&e;"))
    answer = await stage.call(content)
    assert (answer.code, answer.cause) == ("VP015", "request.doctype-forbidden")


@pytest.mark.parametrize(("padding", "cause"), [(261_000, ""), (262_144, "request.head-too-large")])
@pytest.mark.parametrize("contract", [UNKNOWN, DIAGNOSIS])
async def test_sw_4_9_how_long_a_head_may_be(stage: Scene, padding: int, cause: str, contract: str) -> None:
    payload = OPEN if contract == UNKNOWN else REQUEST
    answer = await stage.call(soap(f"<!--{'c' * padding}-->{address()}", payload))
    assert (answer.cause, answer.code) == (cause, "VP015" if cause else "")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (address(), ""),
        (address(namespace=REGISTRY_2), ""),
        (address(name="To", namespace=ADDRESSING), ""),
        (address(namespace="urn:any"), "VP003"),
        (address(name="To", namespace=REGISTRY_1), "VP003"),
        (f"<x>{address()}</x>", "VP003"),
        (address("SE-OTHER", namespace="urn:any") + address(), ""),
    ],
)
async def test_sw_4_10_strictly_only_the_standard_headers(header: str, code: str) -> None:
    found = read(soap(header), strict=True)
    assert found.receiver == ("" if code else UNIT)


async def test_sw_4_10_by_setting(tmp_path: Path) -> None:
    async with scene(tmp_path, envelope_strict="on") as stage:
        strange = message().replace(REGISTRY_1.encode(), b"urn:any")
        assert strange != message()
        assert (await stage.call(strange)).code == "VP003"
        assert (await stage.call()).status == 200


TWO = "request.ambiguous-envelope"


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (soap(before="<s:Body/>"), TWO),
        (soap(before="<x><s:Body/></x>"), TWO),
        (soap(f"<x><s:Body/></x>{address()}"), TWO),
        (soap(body="<s:Body/>"), TWO),
        (soap(body=REQUEST, after="<s:Body/>"), TWO),
        (soap(body=REQUEST + REQUEST), TWO),
        (soap(address() + address("SE-OTHER")), TWO),
        (soap(address() + address("SE-OTHER", name="To")), TWO),
        (soap(address() + address(UNIT.lower())), TWO),
        (soap().replace(SOAP11.encode(), SOAP12.encode()), "request.soap12"),
        (soap().replace(SOAP11.encode(), b"urn:any"), "request.no-envelope"),
        (b"<a/>", "request.no-envelope"),
        (b"", "request.empty"),
        (b"<a", "request.malformed-xml"),
    ],
)
async def test_sw_4_11_what_could_be_read_in_two_ways_is_refused(stage: Scene, content: bytes, cause: str) -> None:
    """SW-4.1: so are different addresses; SW-4.12: SOAP 1.1 only."""
    answer = await stage.call(content)
    assert (answer.code, answer.cause) == ("VP015", cause)
    assert stage.producer.seen == []


async def test_sw_4_13_xml_is_read_through_two_doors_and_nowhere_else() -> None:
    """Parsers are imported in `soap` only, and by `contracts` for schemas."""
    package = Path(vaxel.__file__).parent
    for path in package.rglob("*.py"):
        if path.parent.name in {"soap", "contracts"}:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] in {"lxml", "xml"} for name in names), path
