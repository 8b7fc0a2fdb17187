"""`vaxel call` to many sources: what is known of each, as the answer comes."""

from pathlib import Path

from published import ROOT
from region import System, fault, record, region, response, says
from scene import DIAGNOSIS, PLATFORM, TRUSTED, message

from vaxel.cli.sources import Progress, Row
from vaxel.contracts.entry import Contract
from vaxel.contracts.load import load
from vaxel.home import Home

A, B, C = "SE2321000016-SYSA", "SE2321000016-SYSB", "SE2321000016-SYSC"


def entry() -> Contract:
    home = Home(path=ROOT)
    found = load(home.contract_files(), home.schema).catalogue.get(DIAGNOSIS)
    assert found is not None
    return found


async def test_rows_grow_as_sources_finish(tmp_path: Path) -> None:
    two = says(response(record(A, 1), record(A, 2)))
    async with region(tmp_path, System(A, two), System(B, delay_s=0.4), System(C, fault("x"))) as stage:
        progress, seen = Progress(entry()), []
        headers = {"x-vp-sender-id": TRUSTED, "x-vp-instance-id": PLATFORM, "x-vaxel-stream": "on"}
        url = f"http://127.0.0.1:{stage.platform.ports['http']}/vp"
        async with stage.session.post(url, data=message(receiver=PLATFORM), headers=headers) as answer:
            async for chunk in answer.content.iter_any():
                progress.feed(chunk, 1)
                seen.append(progress.rows)
        assert (Row(source=A, status="answering", records=2, ms=1),) in seen
        assert [(row.source, row.status, row.records, row.cause) for row in seen[-1]] == [
            (A, "DataFromSource", 2, ""),
            (B, "DataFromSource", 1, ""),
            (C, "NoDataSynchFailed", 0, "producer.fault"),
        ]
        assert progress.left_out == {}


def test_bytes_in_any_portions() -> None:
    content = response(record(A, 1), record(B, 2)) + b" "
    whole, single = Progress(entry()), Progress(entry())
    whole.feed(content, 1)
    for place in range(len(content)):
        single.feed(content[place : place + 1], 1)
    assert (
        whole.rows
        == single.rows
        == (Row(source=A, status="answering", records=1, ms=1), Row(source=B, status="answering", records=1, ms=1))
    )
    whole.clear()
    assert whole.rows == ()
