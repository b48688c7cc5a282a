"""A service that answers with the fields of a request as WSGI names them: in capitals, and `_` for `-`."""

import json


def wsgi(environ, start_response):
    body = json.dumps({name: value for name, value in environ.items() if name.startswith("HTTP_")}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
