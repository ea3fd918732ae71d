"""Reads files of a mesh by polars, pandas, pyarrow, DuckDB and fsspec. Prints the result of each step as a line of JSON.

python main.py <docs/readers.md> <a folder for DuckDB's extensions>
"""

import os
import sys

import duckdb
import duckdb_extension_httpfs
from credentials import read_by_credentials
from examples import run_examples
from files import read_files
from mesh import Mesh
from world import prepare


def install_httpfs():
    """Puts DuckDB's extension where INSTALL would, from its package: DuckDB's own server is not reached everywhere."""
    folder = os.path.dirname(duckdb_extension_httpfs.__file__)
    path = os.path.join(folder, "extensions", f"v{duckdb.__version__}", "httpfs.duckdb_extension")
    duckdb.connect().install_extension(path)


def main(page, home):
    # DuckDB keeps extensions in the user's home.
    os.environ["HOME"] = home
    install_httpfs()
    login = [os.environ[f"SLUICE_{name}"] for name in ("URL", "EMAIL", "PASSWORD")]
    world = prepare(os.environ["SLUICE_NAME"], Mesh(*login))
    run_examples(world, page)
    read_by_credentials(world)
    read_files(world)


main(*sys.argv[1:])
