# SPDX-License-Identifier: GPL-2.0-or-later
"""Print every event of a QMP socket, a JSON object a line.

Written with QEMU's own library, python/qemu/qmp of its source tree.
"""
import asyncio
import json
import sys

from qemu.qmp import QMPClient


async def print_events(path: str) -> None:
    client = QMPClient('haywire-events')
    await client.connect(path)
    print(json.dumps({'event': 'CONNECTED'}), flush=True)
    async for event in client.events:
        print(json.dumps(dict(event)), flush=True)


asyncio.run(print_events(sys.argv[1]))
