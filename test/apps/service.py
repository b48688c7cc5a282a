"""A FastAPI service that answers what it can see of its client: the transport peer and every header line as it came.

HTTP on any path, a WebSocket on any path. A WebSocket says it once when it opens and again for each message, with the message beside it.
"""

import os

from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect

app = FastAPI()


def seen(transport, scope):
    client = scope.get("client") or (None, None)
    lines = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]]
    return {"service": os.environ.get("SERVICE_NAME", "service"), "transport": transport, "peer": client[0], "path": scope["path"], "lines": lines}


@app.get("/{path:path}")
async def http(request: Request):
    return seen("http", request.scope)


@app.websocket("/{path:path}")
async def websocket(socket: WebSocket):
    await socket.accept()
    await socket.send_json({**seen("websocket", socket.scope), "message": None})
    try:
        while True:
            message = await socket.receive_text()
            await socket.send_json({**seen("websocket", socket.scope), "message": message})
    except WebSocketDisconnect:
        return
