"""Every reader with every credential: an API key in either header, an access token, and signed URLs."""

import duckdb
import fsspec
import pandas
import polars
import pyarrow.dataset
from checks import differences, show


# The examples of the page read all of them.
CHUNKS = 2


def read_by_credentials(world):
    credentials = {
        "API key": {"x-api-key": world.api_key},
        "API key as bearer": {"authorization": f"Bearer {world.api_key}"},
        "access token": {"authorization": f"Bearer {world.mesh.access_token}"},
        "signed URLs": {},
    }
    chunks = world.chunks[:CHUNKS]
    rows = sum(int(chunk["rowCount"]) for chunk in chunks)
    for credential, headers in credentials.items():
        signed = [world.counted.url + chunk["url"] for chunk in chunks]
        urls = [world.content_url(chunk["fileId"]) for chunk in chunks] if headers else signed
        results = {reader: read(urls, headers) for reader, read in READERS.items()}
        if not headers:
            results["polars"] = polars.scan_parquet(urls).collect()
        expected = world.wide.slice(0, rows)
        found = {reader: differences(result, expected) for reader, result in results.items()}
        show(f"with {credential}", differences=found)


def read_by_pandas(urls, headers):
    options = {"storage_options": headers, "dtype_backend": "pyarrow"}
    return pandas.concat([pandas.read_parquet(url, **options) for url in urls])


def read_by_pyarrow(urls, headers):
    """With fsspec's file system as it is, which probes each file by a GET that it breaks off."""
    files = fsspec.filesystem("http", client_kwargs={"headers": headers})
    return pyarrow.dataset.dataset(urls, filesystem=files, format="parquet").to_table()


def read_by_duckdb(urls, headers):
    database = duckdb.connect()
    database.load_extension("httpfs")
    if headers:
        [[name, value]] = headers.items()
        database.execute(f"CREATE SECRET (TYPE http, EXTRA_HTTP_HEADERS MAP {{'{name}': '{value}'}})")
    return database.execute("FROM read_parquet($urls)", {"urls": urls}).to_arrow_table()


def read_by_fsspec(urls, headers):
    """All bytes at once, which polars then reads from memory."""
    contents = fsspec.filesystem("http", client_kwargs={"headers": headers}).cat(urls)
    return polars.concat(polars.read_parquet(contents[url]) for url in urls)


READERS = {
    "pandas": read_by_pandas,
    "pyarrow": read_by_pyarrow,
    "DuckDB": read_by_duckdb,
    "fsspec": read_by_fsspec,
}
