"""Translation between BP 2.0 and 2.1 on the wire: switch.md section 9.

That only the address element changes (SW-9.2, SW-9.3, SW-9.5), and that a message stays well-formed however often it is
translated, are properties in soap/test_translate.py.
"""

from dataclasses import replace

import pytest
from scene import RESPONSE, UNIT, UNKNOWN, Scene
from steps import call, entry, message

from vaxel.call import Body, HsaId, Target
from vaxel.errors import ProfileMismatch, TranslationFailed
from vaxel.exchange.forward import translated
from vaxel.soap import tree
from vaxel.soap.names import ADDRESSING, REGISTRY_1, REGISTRY_2, SOAP11

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEADERS = {
    "rivtabp20": (ADDRESSING, "To"),
    "rivtabp21": (REGISTRY_1, "LogicalAddress"),
}


def soap(profile: str, *, declared: str = "element", rest: str = "", namespace: str = "") -> bytes:
    """A message whose address header is declared on the envelope, the header or the element itself."""
    stated, local = HEADERS[profile]
    declaration = f' xmlns:q="{namespace or stated}"'
    at = {place: declaration if place == declared else "" for place in ("envelope", "header", "element")}
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><!-- före --><s:Envelope xmlns:s="{SOAP11}"{at["envelope"]}>'
        f"<s:Header{at['header']}>{rest}<q:{local}{at['element']} s:mustUnderstand='1'><!-- c -->{UNIT}</q:{local}></s:Header>"
        f'<s:Body><GetNothing xmlns="{UNKNOWN}"><To><![CDATA[<LogicalAddress>]]></To></GetNothing></s:Body></s:Envelope>'
    ).encode()


async def carried(stage: Scene, content: bytes, profile: str) -> bytes:
    """What the producer of that profile gets."""
    stage.write("routing/routes.yaml", stage.routes_of(f"[{UNKNOWN}]", profile=profile))
    assert (await stage.platform.reload())["successful"]
    answer = await stage.call(content, headers={"soapaction": '"x"'})
    assert (answer.status, answer.content) == (200, RESPONSE)
    (seen,) = stage.producer.seen
    assert seen["headers"][b"soapaction"] == b'"x"'
    assert seen["headers"][b"content-type"] == b"text/xml;charset=UTF-8"
    assert seen["headers"][b"content-length"] == b"%d" % len(seen["body"])
    body: bytes = seen["body"]
    return body


@pytest.mark.parametrize("declared", ["envelope", "header", "element"])
@pytest.mark.parametrize("to", ["rivtabp20", "rivtabp21", "RIVTABP20"])
@pytest.mark.parametrize("written", ["rivtabp20", "rivtabp21"])
async def test_sw_9_1_translated_where_the_profiles_differ(stage: Scene, written: str, to: str, declared: str) -> None:
    """SW-9.2: attributes, comments and body stay; SW-9.6: the answer is not translated."""
    content = soap(written, declared=declared)
    got = await carried(stage, content, to)
    if written == to.lower():
        assert got == content
        return
    found = tree.parse(got)
    assert (found.receiver, found.profile, found.address_namespace) == (UNIT, to.lower(), HEADERS[to.lower()][0])
    assert got.partition(b"<s:Header")[0] == content.partition(b"<s:Header")[0]
    assert got.partition(b"</s:Header>")[2] == content.partition(b"</s:Header>")[2]
    assert b" s:mustUnderstand='1'><!-- c -->" in got


@pytest.mark.parametrize("profile", ["rivtabp30", "", "rivtabp22"])
async def test_sw_9_1_any_other_difference_is_refused(profile: str) -> None:
    """VP005: the incoming version stands last. The operator's files cannot state such a profile."""
    made = call(message())
    made = replace(made, target=Target(url="http://t.se/", profile=profile, producer=HsaId("T")))
    with pytest.raises(ProfileMismatch) as caught:
        translated(made, None)
    assert caught.value.detail.endswith("rivtabp21")


async def test_sw_9_3_other_addressing_headers_keep_their_namespace(stage: Scene) -> None:
    rest = f'<w:MessageID xmlns:w="{ADDRESSING}">7</w:MessageID><w:Action xmlns:w="{ADDRESSING}">a</w:Action>'
    got = await carried(stage, soap("rivtabp20", rest=rest), "rivtabp21")
    assert rest.encode() in got


async def test_sw_9_4_the_registry_that_the_catalogue_names() -> None:
    """As target, and understood as source."""
    made = call(soap("rivtabp20"))
    made = replace(made, target=Target(url="http://t.se/", profile="rivtabp21", producer=HsaId("T")))
    body = translated(made, entry(address_header=REGISTRY_2))
    assert tree.parse(body.start).address_namespace == REGISTRY_2
    assert body.length == len(body.start)
    back = call(soap("rivtabp21", namespace=REGISTRY_2))
    back = replace(back, target=Target(url="http://t.se/", profile="rivtabp20", producer=HsaId("T")))
    assert tree.parse(translated(back, None).start).address_namespace == ADDRESSING


async def test_sw_9_5_every_other_byte_is_kept(stage: Scene) -> None:
    rest = "<!-- å --><?p i?>\r\n\t<x a = 'b'><![CDATA[ & ]]>&#65;</x>"
    content = soap("rivtabp20", rest=rest)
    got = await carried(stage, content, "rivtabp21")
    start, end = content.index(b"<q:To"), content.index(b"</q:To>") + len(b"</q:To>")
    assert got.startswith(content[:start])
    assert got.endswith(content[end:])


async def test_sw_9_2_another_encoding_is_translated_as_utf_8(stage: Scene) -> None:
    content = soap("rivtabp20").decode().replace('"UTF-8"', '"ISO-8859-1"').encode("latin-1")
    stage.write("routing/routes.yaml", stage.routes_of(f"[{UNKNOWN}]", profile="rivtabp21"))
    assert (await stage.platform.reload())["successful"]
    assert (await stage.call(content)).status == 200
    assert '"UTF-8"?><!-- före -->'.encode() in stage.producer.seen[0]["body"]


async def test_sw_9_2_a_streamed_message_is_translated_by_its_head(stage: Scene) -> None:
    content = soap("rivtabp20").replace(b"<To>", b"<To>" + b"x" * 400_000)
    got = await carried(stage, content, "rivtabp21")
    assert got.partition(b"</s:Header>")[2] == content.partition(b"</s:Header>")[2]


async def test_sw_9_6_a_failure_is_vp012() -> None:
    made = call(message())
    made = replace(made, body=Body.whole(b"<a/>"))
    made = replace(made, target=Target(url="http://t.se/", profile="rivtabp20", producer=HsaId("T")))
    with pytest.raises(TranslationFailed) as caught:
        translated(made, None)
    assert (caught.value.code, caught.value.cause) == ("VP012", "transform.failed")
