import pytest

from vaxel.call import Body, Call, Reply
from vaxel.engagements import write
from vaxel.engagements.fields import NOTIFY
from vaxel.errors import ProducerFailed
from vaxel.services.inner_calls import Switch, content_of, inner_call


def test_a_call_of_the_platform_itself() -> None:
    content = write.notification("SE-A", ())
    call = inner_call(content, sender="SE-OWN", correlation_id="c-1", soap_action="urn:x")
    assert (call.sender, call.receiver, call.contract, call.correlation_id) == ("SE-OWN", "SE-A", NOTIFY, "c-1")
    assert (call.caller.call_class, call.id, call.headers) == (
        "internal",
        call.reference,
        ((b"soapaction", b'"urn:x"'),),
    )
    assert call.body.start == content
    assert call.id != inner_call(content, sender="SE-OWN", correlation_id="c-1", soap_action="").id


async def test_a_reply_is_read_to_its_end() -> None:
    closed = []

    async def rest():  # type: ignore[no-untyped-def]
        yield b"b"
        yield b"c"
        closed.append(True)

    reply = Reply(status=200, headers=(), body=Body(start=b"a", rest=rest()))
    assert await content_of(reply) == b"abc"
    assert closed == [True]
    assert await content_of(Reply(status=200, headers=(), body=Body.whole(b"x"))) == b"x"


@pytest.mark.parametrize("refused", [False, True])
async def test_what_a_call_held_is_let_go_when_it_ends(*, refused: bool) -> None:
    """SW-2.12."""
    ended: list[str] = []

    async def handler(call: Call) -> Reply:
        if refused:
            raise ProducerFailed("nobody is there")
        return Reply(status=200, headers=(), body=Body.whole(call.body.start))

    content = write.notification("SE-A", ())
    call = inner_call(content, sender="SE-OWN", correlation_id="c-1", soap_action="urn:x")
    asked = Switch(lambda: handler, ended.append).ask(call)
    if refused:
        with pytest.raises(ProducerFailed):
            await asked
    else:
        assert await asked == (200, content)
    assert ended == [call.reference]
