"""What is read: files and a staged table in the mesh, and the same tables in memory."""

from dataclasses import dataclass
from urllib.parse import quote

import pyarrow as pa
from checks import show
from counted import Counted
from mesh import Mesh
from truth import csv_of, csv_table, parquet_of, wide_table

CHUNK_ROWS = 15_000
# Every reader has to encode it in a URL.
MODEL_PATH = "Daten 2026/größe & 100%.parquet"


@dataclass
class World:
    mesh: Mesh
    # Its `url` is to be read from, its counts are what was sent.
    counted: Counted
    api_key: str
    wide: pa.Table
    csv: pa.Table
    parquet_bytes: bytes
    parquet_id: str
    csv_id: str
    job_id: str
    # As the API returns them.
    chunks: list
    # URL of the file of a model, whose path has spaces and letters beyond ASCII.
    model_url: str

    def content_url(self, file_id):
        return f"{self.counted.url}/api/v1/storage/files/{file_id}/content"

    def signed_url(self, file_id):
        return self.counted.url + self.mesh.post(f"storage/files/{file_id}:sign", {})["url"]


def prepare(name, mesh):
    wide = wide_table()
    csv = csv_table(wide)
    content = parquet_of(wide)
    parquet_id = mesh.upload("wide table.parquet", content, "application/vnd.apache.parquet")
    job_id = mesh.stage(name, parquet_id, CHUNK_ROWS)
    chunks = mesh.get(f"staging/jobs/{job_id}/chunks?pageSize=1000")["chunks"]
    show("stage", chunks=len(chunks), rows=sum(int(chunk["rowCount"]) for chunk in chunks))
    model = {"modelName": "readers", "files": [{"path": MODEL_PATH, "fileId": parquet_id}]}
    version = mesh.post("storage/models", model)["modelVersion"]["version"]
    counted = Counted(mesh.url)
    return World(
        mesh=mesh,
        counted=counted,
        api_key=mesh.create_api_key("readers"),
        wide=wide,
        csv=csv,
        parquet_bytes=content,
        parquet_id=parquet_id,
        csv_id=mesh.upload("orders.csv", csv_of(csv), "text/csv"),
        job_id=job_id,
        chunks=chunks,
        model_url=f"{counted.url}/api/v1/storage/models/readers/versions/{version}/files/{quote(MODEL_PATH)}",
    )
