"""`vaxel index`, beside a platform and without one."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from index_scene import SUBSCRIBER, index_scene, until
from rows import RESIDENT, row

from vaxel import home as homes
from vaxel.journal.reader import records


def vaxel(home: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vaxel", "index", *words, "--home", str(home)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"}, input=given)


def test_rows_out_and_in_again(tmp_path: Path) -> None:
    """EI-11.5, EI-3.4, EI-12.4: with exchange keys, times and owners; again does no harm; every act is recorded."""
    home = tmp_path / "home"
    homes.make(home)
    found = [row(categorization=name, creation_time="20200101000000", owner="SE-OTHER") for name in ("dia", "voo")]
    from vaxel.services.index_acts import as_fields

    lines = tmp_path / "rows.jsonl"
    lines.write_text("".join(json.dumps(as_fields(each)) + "\n" for each in found))
    for _ in range(2):
        assert "2 rows were taken in" in vaxel(home, "import", str(lines)).stdout
    out = [json.loads(line) for line in vaxel(home, "export").stdout.splitlines()]
    assert [each["key"] for each in out] == [each.exchange_key for each in found]
    assert [each["creationTime"] for each in out] == ["20200101000000"] * 2
    assert "1 rows were taken in" in vaxel(home, "import", str(lines), "--skip", "1").stdout
    lines.write_text("not json\n")
    broken = vaxel(home, "import", str(lines))
    assert (broken.returncode, "--skip 0" in broken.stderr) == (1, True)
    assert "2 rows were removed" in vaxel(home, "remove", "resident", "-", given=RESIDENT + "\n").stdout
    assert vaxel(home, "export").stdout == ""
    assert vaxel(home, "remove", "colour", "red").returncode == 1
    acts = [each for each in records(home / "var/journal/commands") if each["kind"] == "admin"]
    assert [each["action"] for each in acts if "remove" in each["action"]] == ["index.remove"]
    assert all(RESIDENT not in str(each) for each in acts)


async def test_dead_letters_beside_a_platform(tmp_path: Path) -> None:
    """EI-8.9, EI-11.1, EI-11.3."""
    async with index_scene(tmp_path, {SUBSCRIBER: ""}, index_retry_attempts=1) as stage:

        async def said(*words: str) -> subprocess.CompletedProcess[str]:
            return await asyncio.to_thread(vaxel, tmp_path, *words)

        stage.producer.refuse = b"c"
        await stage.send(row(), row(categorization="voo"))
        await until(lambda: _dead(stage))
        state = json.loads((await said("status", "--json")).stdout)
        assert (state["rows"], state["deadLetters"], state["queues"][0]["deadLetters"]) == (2, 2, 2)
        listed = json.loads((await said("dead-letters", "list", "--json")).stdout)
        assert (len(listed), RESIDENT in str(listed)) == (2, False)
        first, second = (str(each["seq"]) for each in listed)
        assert RESIDENT in (await said("dead-letters", "show", first)).stdout
        assert "was mended" in (await said("dead-letters", "mend", first, "categorization=upp")).stdout
        assert (await said("dead-letters", "mend", first, "colour=red")).returncode == 1
        assert (await said("dead-letters", "resend")).returncode == 1
        stage.producer.refuse = b""
        stage.producer.seen.clear()
        assert "1 were put back" in (await said("dead-letters", "resend", first)).stdout
        (told,) = await until(stage.heard)
        assert told.engagement.categorization == "upp"
        assert "1 were thrown away" in (await said("dead-letters", "drop", second)).stdout
        assert "the write lock is on" in (await said("lock", "on")).stdout
        await stage.send(row(), delete=True)
        await asyncio.sleep(0.3)
        assert len(await stage.find()) == 2
        await said("lock", "off")
        await until(lambda: _left(stage, 1))


async def _dead(stage: object) -> object:
    from vaxel.store import asking

    found = await asking.dead_letters(await stage.platform.index.store.reader())  # type: ignore[attr-defined]
    return len(found) == 2


async def _left(stage: object, count: int) -> bool:
    return len(await stage.find()) == count  # type: ignore[attr-defined]
