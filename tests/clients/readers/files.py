"""What readers learn of a file, how they ask for its ranges, and what they see of a file that they may not read."""

import duckdb
import fsspec
import pandas
import polars
from checks import differences, show


def read_files(world):
    files = fsspec.filesystem("http", client_kwargs={"headers": {"x-api-key": world.api_key}})
    url = world.content_url(world.parquet_id)
    show("what HEAD says", **head_facts(world, files.info(url)))
    show("ranges", **read_ranges(world, files, url))
    show("a percent-encoded path", differences=read_model(world, files))
    show("refused", **refusals(world))


def head_facts(world, info):
    facts = {name: info[name] for name in ("mimetype", "type")}
    is_hash = info["ETag"].strip('"') == world.mesh.get(f"storage/files/{world.parquet_id}")["file"]["sha256"]
    return {**facts, "isSize": info["size"] == len(world.parquet_bytes), "isHash": is_hash}


def read_ranges(world, files, url):
    """Ranges of each form, forty of them in parallel, and as many one after the other over one connection."""
    content = world.parquet_bytes
    spans = [(start, start + 1000) for start in range(0, len(content), len(content) // 40)]
    forms = [(0, 1), (None, 10), (100, None), (-8, None), (5, -5), *spans]
    read = files.cat_ranges([url] * len(forms), [start for start, _ in forms], [end for _, end in forms])
    wrong = [form for form, found in zip(forms, read) if found != content[slice(*form)]]
    world.counted.reset()
    for start, end in spans:
        if files.cat_file(url, start=start, end=end) != content[start:end]:
            wrong.append((start, end))
    return {"wrong": wrong, "isKeptAlive": world.counted.connections <= 1}


def read_model(world, files):
    database = duckdb.connect()
    database.load_extension("httpfs")
    database.execute(f"CREATE SECRET (TYPE http, BEARER_TOKEN '{world.api_key}')")
    headers = {"x-api-key": world.api_key}
    by_duckdb = database.execute("FROM read_parquet($url)", {"url": world.model_url}).to_arrow_table()
    by_pandas = pandas.read_parquet(world.model_url, storage_options=headers, dtype_backend="pyarrow")
    return {
        "DuckDB": differences(by_duckdb, world.wide),
        "pandas": differences(by_pandas, world.wide),
        "fsspec": [] if files.cat_file(world.model_url) == world.parquet_bytes else ["other bytes"],
    }


def refusals(world):
    """The kinds of error by which readers say that a URL is gone or that a credential is missing."""
    signed = world.mesh.post(f"storage/files/{world.parquet_id}:sign", {})
    revoked = world.counted.url + signed["url"]
    world.mesh.call("DELETE", f"storage/signed-urls/{signed['urlId']}")
    content = world.content_url(world.parquet_id)
    files = fsspec.filesystem("http")
    return {
        "revoked": {
            "polars": kind_of(lambda: polars.read_parquet(revoked)),
            "pandas": kind_of(lambda: pandas.read_parquet(revoked)),
            "fsspec": kind_of(lambda: files.open(revoked)),
        },
        "no credential": {
            "polars": kind_of(lambda: polars.read_parquet(content)),
            "pandas": kind_of(lambda: pandas.read_parquet(content)),
            "fsspec": kind_of(lambda: files.open(content)),
        },
    }


def kind_of(read):
    try:
        read()
    except Exception as error:
        status = getattr(error, "status", getattr(error, "code", None))
        return [type(error).__name__, *([status] if isinstance(status, int) else [])]
    return ["no error"]
