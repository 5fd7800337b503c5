"""Rooms (goals.md, Collaboration): ours with everything stored, @y/websocket-server 0.1.1 and Hocuspocus 4.7 without storage.

    ./radiant bench collaboration [--quick] [--data TRACE.json.gz] [--rounds N] [--json]

One load generator for all, bare WebSockets on loopback; rounds are interleaved and the median is taken. What is compared
is the processor time of the server process, ours with its batches to Postgres (whose own time is not in it).

deliveries   copies that reach other clients, per second of the server's processor: 1 room of 20 and 100 rooms of 2.
trace        a recorded session of writing, edit by edit through the server until all is acknowledged (by us: committed);
             then a first sync of its document. Both ends must say the same, byte for byte.
log          bytes of Postgres's write-ahead log per keystroke, in the document that the trace made.
joins        20 clients into a room that nobody has opened, all at once.
stalled      a client that reads nothing while 50 MB are written by another: memory beyond the document, the close, the cure.
kill         kill -9 of the server in the middle of writing: of what was acknowledged, how much is missing after a start.
"""

import argparse
import asyncio
import gzip
import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.kit.figures import Figure, NoData, at_most, report
from bench.kit.peers import NotInstalled
from bench.kit.rooms import (
    HOCUSPOCUS,
    Client,
    RoomServer,
    Site,
    Y,
    fan_out,
    hocuspocus,
    kill,
    letters,
    radiant,
    site,
    y_websocket,
)
from pycrdt import Doc, Text

from radiant.workspace.collaboration import wire
from radiant.workspace.collaboration.rooms import rows_a_snapshot

TRACE = Path(__file__).parents[2] / "shared" / "bench-data" / "editing-trace-automerge-paper.json.gz"


def read_trace(path: Path, most: int | None) -> tuple[list[bytes], str]:
    """The updates of a trace (https://github.com/josephg/editing-traces), one an edit, and what the text says at its end."""
    if not path.exists():
        raise NoData(f"{path} is not there; name another with --data")
    trace = json.loads(gzip.decompress(path.read_bytes()))
    doc: Doc[Any] = Doc()
    text = doc.get("content", type=Text)
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    said = trace.get("startContent", "")
    if said:
        text.insert(0, said)
    for transaction in trace["txns"][:most]:
        for at, gone, new in transaction["patches"]:
            # Places are counted in characters, and pycrdt's in bytes of UTF-8.
            start = at if said.isascii() else len(said[:at].encode())
            with doc.transaction():
                if gone:
                    del text[start : start + len(said[at : at + gone].encode())]
                if new:
                    text.insert(start, new)
            said = said[:at] + new + said[at + gone :]
    if most is None and said != trace["endContent"]:
        raise NoData(f"{path} does not end as it says")
    return updates, said


def _text(update: bytes) -> str:
    doc: Doc[Any] = Doc()
    doc.apply_update(wire.read_chunk(update, 2)[0])
    return str(doc.get("content", type=Text))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def deliveries(
    ours: RoomServer, plain: RoomServer, hocus: RoomServer, rounds: int, *, quick: bool
) -> list[Figure]:
    """Interleaved rounds."""
    shapes = {"1 x 20": (1, 20, 20 if quick else 200), "100 x 2": (10, 2, 20) if quick else (100, 2, 100)}
    seen: dict[tuple[str, str, str], list[float]] = {}
    for _ in range(rounds):
        for shape, (rooms, people, each) in shapes.items():
            for server in (ours, plain, hocus):
                for framing in server.framings:
                    per_cpu, wall = await fan_out(server, framing, rooms, people, each)
                    _say(f"{shape} {server.name} {framing}: {per_cpu:,.0f} a CPU-second, {wall:,.0f} a second")
                    seen.setdefault((shape, server.name, framing), []).append(per_cpu)
    found = {key: statistics.median(values) for key, values in seen.items()}
    figures: list[Figure] = []
    for shape in shapes:
        figures += [
            Figure(f"{shape}: deliveries a CPU-second, {name}, {framing}", value)
            for (of, name, framing), value in found.items() if of == shape
        ]  # fmt: skip
        own, other = found[shape, "RADIANT", Y], found[shape, "RADIANT", HOCUSPOCUS]
        figures += [
            Figure(f"{shape}: of Hocuspocus, in its framing", other / found[shape, hocus.name, HOCUSPOCUS], 1.3),
            Figure(
                f"{shape}: of y-websocket, in its framing",
                own / found[shape, plain.name, Y],
                1.1 if shape[0:2] == "1 " else 0.8,
            ),
        ]
    return figures


async def trace_through(server: RoomServer, updates: Sequence[bytes], wanted: str) -> tuple[float, float, str]:
    """Seconds of the server's processor for the trace and for a first sync; the room."""
    (room,) = await server.rooms(1)
    writer = await Client(server, room, HOCUSPOCUS).connect()
    first = writer.saved
    before = server.cpu()
    for at in range(0, len(updates), 500):
        writer.write(b"".join([writer.frame(wire.update(update)) for update in updates[at : at + 500]]))
        # A window, as a person who pastes has: the socket is not the measure.
        await writer.until(lambda at=at: writer.saved - first >= at - 5000)
    await writer.until(lambda: writer.saved - first >= len(updates))
    applied = server.cpu() - before
    times = 20
    before = server.cpu()
    for _ in range(times):
        reader = await Client(server, room, HOCUSPOCUS).connect()
        said = reader.bodies[0]
        reader.close()
    synced = (server.cpu() - before) / times
    if _text(said) != wanted:
        raise SystemExit(f"{server.name} says another text than the trace")
    writer.close()
    return applied, synced, room


async def traces(
    ours: RoomServer, hocus: RoomServer, updates: Sequence[bytes], wanted: str, rounds: int
) -> tuple[list[Figure], str]:
    """The trace through both, interleaved; the last room of ours."""
    applied: dict[str, list[float]] = {}
    synced: dict[str, list[float]] = {}
    room = ""
    for _ in range(rounds):
        for server in (hocus, ours):
            apply, sync, room = await trace_through(server, updates, wanted)
            _say(f"trace {server.name}: {apply:.2f} s, first sync {sync * 1000:.1f} ms")
            applied.setdefault(server.name, []).append(apply)
            synced.setdefault(server.name, []).append(sync)
    apply, sync = ({name: statistics.median(one) for name, one in kind.items()} for kind in (applied, synced))
    return [
        *(
            Figure(f"trace: CPU, {name}", value, unit="s", note=f"{len(updates):,} edits")
            for name, value in apply.items()
        ),
        at_most("trace: of Hocuspocus", apply[ours.name] / apply[hocus.name], 1.0),
        *(Figure(f"first sync: CPU, {name}", value * 1000, unit="ms") for name, value in sync.items()),
        at_most("first sync: of Hocuspocus", sync[ours.name] / sync[hocus.name], 0.75),
    ], room


async def log_bytes(where: Site, ours: RoomServer, room: str, keys: int) -> Figure:
    """Somebody types one letter a batch. Of the snapshots that come with that each letter bears its share: within these few
    none is due, and the one that the trace left due is written before."""
    writer = await Client(ours, room, HOCUSPOCUS).connect()
    size = writer.synced_bytes

    async def typed(updates: Sequence[bytes]) -> None:
        for update in updates:
            before = writer.saved
            writer.send(wire.update(update))
            await writer.until(lambda before=before: writer.saved > before)

    updates = letters(keys + 20)
    await typed(updates[:20])
    await asyncio.sleep(3)
    at = await where.run("select pg_current_wal_insert_lsn()::text")
    await typed(updates[20:])
    written = await where.run("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1::text::pg_lsn)::float8", at)
    writer.close()
    share = size / rows_a_snapshot(size)
    return at_most(
        "log: bytes of WAL a keystroke",
        written / keys + share,
        500,
        "B",
        f"{size:,} B document, a batch a letter; {share:.0f} B are its share of a snapshot",
    )


async def joins(ours: RoomServer) -> list[Figure]:
    """Twenty at once."""
    figures: list[Figure] = []
    for framing in (Y, HOCUSPOCUS):
        (room,) = await ours.rooms(1)
        people = await asyncio.gather(
            *(Client(ours, room, framing).connect() for _ in range(20)), return_exceptions=True
        )
        inside = [one for one in people if isinstance(one, Client)]
        if inside:
            inside[0].send(wire.update(letters(1)[0]))
            await asyncio.gather(
                *(one.until(lambda one=one: one.updates == 1, 30) for one in inside[1:]), return_exceptions=True
            )
        heard = sum(one.updates == 1 for one in inside[1:]) + bool(inside)
        figures.append(Figure(f"20 at once into a new room, {framing}: in sync", heard, 20))
        for one in inside:
            one.close()
    return figures


async def stalled(ours: RoomServer, megabytes: int) -> list[Figure]:
    """One writes and takes back, so that the document stays small; another does not read."""
    (room,) = await ours.rooms(1)
    writer = await Client(ours, room, Y).connect()
    sleeper = await Client(ours, room, Y).connect()
    doc: Doc[Any] = Doc()
    text = doc.get("content", type=Text)
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    block = "x" * 50_000

    async def flood(of: int) -> float:
        most = 0.0
        for _ in range(of * 20):
            updates.clear()
            with doc.transaction():
                text.insert(0, block)
            with doc.transaction():
                text.clear()
            writer.write(b"".join([writer.frame(wire.update(update)) for update in updates]))
            await asyncio.sleep(0.002)
            most = max(most, ours.memory())
        return most

    await flood(megabytes)  # what the flood itself takes, everybody reading
    await asyncio.sleep(2)
    base = max(await flood(megabytes), ours.memory())
    await asyncio.sleep(2)
    sleeper.pause()
    peak = await flood(megabytes)
    for _ in range(100):
        peak = max(peak, ours.memory())
        await asyncio.sleep(0.05)
    sleeper.resume()
    await asyncio.sleep(1)
    again = await Client(ours, room, Y).connect()
    figures = [
        at_most("stalled: memory beyond the others'", peak - base, 10, "MB", f"flood of {megabytes} MB"),
        Figure("stalled: closed with 1013", float(sleeper.closed == 1013), 1.0, note=f"closed with {sleeper.closed}"),
        Figure("stalled: heals", float(_text(again.bodies[0]) == str(text)), 1.0),
    ]
    for one in (writer, again):
        one.close()
    return figures


async def kills(where: Site, times: int) -> Figure:
    """Of what was acknowledged, what is missing."""
    lost = acknowledged = 0
    for number in range(times):
        (room,) = await where.rooms(1)
        updates = letters(3000)
        async with radiant(where) as server:
            writer = await Client(server, room, HOCUSPOCUS).connect()
            first = writer.saved
            for at in range(0, len(updates), 20):
                if writer.saved - first >= 200 * (number + 1):
                    break
                writer.write(b"".join([writer.frame(wire.update(update)) for update in updates[at : at + 20]]))
                await asyncio.sleep(0.01)
            kill(server)
            await asyncio.sleep(0.2)
            told = writer.saved - first
        async with radiant(where) as server:
            reader = await Client(server, room, HOCUSPOCUS).connect()
            lost += max(0, told - len(_text(reader.bodies[0])))
            reader.close()
        acknowledged += told
    return at_most(
        "kill -9: acknowledged and lost", float(lost), 0.0, note=f"{times} kills, {acknowledged:,} acknowledged"
    )


async def measure(arguments: argparse.Namespace) -> list[Figure]:
    """All of it."""
    quick = arguments.quick
    rounds = 1 if quick else arguments.rounds
    updates, wanted = read_trace(arguments.data or TRACE, 5000 if quick else None)
    async with site() as where:
        async with radiant(where) as ours, y_websocket() as plain, hocuspocus() as hocus:
            figures = await deliveries(ours, plain, hocus, rounds, quick=quick)
            more, room = await traces(ours, hocus, updates, wanted, 1 if quick else max(1, rounds // 2))
            figures += more
            figures.append(await log_bytes(where, ours, room, 50 if quick else 500))
            figures += await joins(ours)
            figures += await stalled(ours, 20 if quick else 50)
        figures.append(await kills(where, 1 if quick else 5))
    return figures


def main() -> int:
    """The command line; 1 where a goal is missed or nothing can be measured."""
    parser = argparse.ArgumentParser(prog="radiant bench collaboration")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    began = time.perf_counter()
    try:
        figures = asyncio.run(measure(arguments))
    except (NoData, NotInstalled) as error:
        print(f"cannot be measured: {error}", file=sys.stderr)
        return 1
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)
    return report(figures, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
