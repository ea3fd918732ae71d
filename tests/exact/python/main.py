"""Reads files on request. Requests and responses are JSON lines: reader, path, format, settings; a table or a refusal."""

import json
import sys

from readers import readers
from encode import encode_table


def respond(request):
    try:
        table = readers[request["reader"]](request["path"], request["format"], request.get("settings", {}))
        last = request.get("last")
        rows = table.num_rows
        encoded = encode_table(table if last is None else table.slice(max(0, rows - last)))
        return {**encoded, "rowCount": rows}
    # A panic of a reader in Rust is not an Exception.
    except BaseException as error:
        return {"refused": f"{type(error).__name__}: {error}"[:300]}


for line in sys.stdin:
    print(json.dumps(respond(json.loads(line))), flush=True)
