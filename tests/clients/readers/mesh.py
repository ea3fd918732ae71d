"""The calls of REST that prepare what is read."""

import json
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

TIMEOUT_S = 120


class Mesh:
    def __init__(self, url, email, password):
        self.url = url
        self.headers = {}
        login = self.post("auth/token", {"email": email, "password": password})
        self.access_token = login["accessToken"]
        self.headers = {"authorization": f"Bearer {self.access_token}"}

    def call(self, method, path, body=None, content_type="application/json"):
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        headers = {**self.headers, **({"content-type": content_type} if data is not None else {})}
        request = Request(f"{self.url}/api/v1/{path}", data=data, headers=headers, method=method)
        try:
            with urlopen(request, timeout=TIMEOUT_S) as response:
                return json.load(response)
        except HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from error

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body):
        return self.call("POST", path, body)

    def create_api_key(self, name):
        return self.post("api-keys", {"apiKey": {"displayName": name}})["secret"]

    def upload(self, name, content, content_type):
        return self.call("POST", f"storage/files?name={quote(name)}", content, content_type)["file"]["fileId"]

    def stage(self, name, file_id, chunk_rows):
        """Stages a file into chunks, as a table of a new source. Returns the id of the job, which has succeeded."""
        table = "wide"
        settings = {"fileId": file_id, "tableName": table}
        source = {"displayName": name, "connector": "file", "settings": settings}
        source_id = self.post("sources", {"source": source})["source"]["sourceId"]
        self.post("catalog:discover", {"sourceId": source_id})
        job = {"sourceId": source_id, "tables": [table], "chunkRows": chunk_rows}
        job_id = self.post("staging/jobs", {"job": job})["job"]["jobId"]
        # The stream ends with the job.
        with urlopen(Request(f"{self.url}/api/v1/staging/jobs/{job_id}:watch", headers=self.headers)) as events:
            events.read()
        job = self.get(f"staging/jobs/{job_id}")["job"]
        if job["state"] != "JOB_STATE_SUCCEEDED":
            raise RuntimeError(f"the job is {job['state']}: {job.get('errorMessage')}")
        return job_id
