"""Reads the files that it is asked for, one request of JSON a line: reader, path, format, settings. Answers a table or a refusal a line."""

import json
import sys

from readers import readers
from spell import spell_table


def answer(request):
    try:
        table = readers[request["reader"]](request["path"], request["format"], request.get("settings", {}))
        last = request.get("last")
        rows = table.num_rows
        spelled = spell_table(table if last is None else table.slice(max(0, rows - last)))
        return {**spelled, "rowCount": rows}
    # What a reader written in Rust ends with is no Exception.
    except BaseException as error:
        return {"refused": f"{type(error).__name__}: {error}"[:300]}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
