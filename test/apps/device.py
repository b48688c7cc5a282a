"""A device's WebSocket client: opens one connection, prints the first message, closes.

Argument: a JSON object with `url`, `headers` (name and value pairs) and perhaps `source`, the address to connect from.
"""

import asyncio
import json
import sys

import websockets


async def main(wish):
    source = (wish["source"], 0) if wish.get("source") else None
    headers = [tuple(line) for line in wish.get("headers", [])]
    async with websockets.connect(wish["url"], extra_headers=headers, local_addr=source, open_timeout=5) as socket:
        print(await asyncio.wait_for(socket.recv(), 5))


asyncio.run(main(json.loads(sys.argv[1])))
