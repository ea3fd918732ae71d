"""The calls of the first journey with grpcio. Prints the result of each step as a line of JSON."""

import hashlib
import json
import os
from pathlib import Path
from urllib.parse import urlsplit

import grpc
from google.protobuf.json_format import MessageToDict
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status
from sluice.common.v1.options_pb2 import HttpHead
from sluice.identity.v1 import auth_pb2, auth_pb2_grpc
from sluice.orchestration.v1 import (
    catalog_pb2,
    catalog_pb2_grpc,
    executions_pb2,
    executions_pb2_grpc,
    sources_pb2,
    sources_pb2_grpc,
)
from sluice.storage.v1 import files_pb2, files_pb2_grpc

CHUNK_BYTES = 16 * 1024


def show(step, **facts):
    print(json.dumps({"step": step, **facts}), flush=True)


def log_in(channel):
    auth = auth_pb2_grpc.AuthServiceStub(channel)
    tokens = auth.IssueToken(
        auth_pb2.IssueTokenRequest(email=os.environ["SLUICE_EMAIL"], password=os.environ["SLUICE_PASSWORD"])
    )
    show("log in", tokenType=tokens.token_type)
    credential = (("authorization", f"Bearer {tokens.access_token}"),)
    caller = auth.WhoAmI(auth_pb2.WhoAmIRequest(), metadata=credential)
    show("who am I", roles=list(caller.roles))
    return credential


def upload(files, credential):
    path = Path(os.environ["SLUICE_FILE"])

    def parts():
        yield files_pb2.UploadFileRequest(header=files_pb2.UploadFileHeader(name=path.name))
        with path.open("rb") as content:
            while chunk := content.read(CHUNK_BYTES):
                yield files_pb2.UploadFileRequest(chunk=chunk)

    file = files.UploadFile(parts(), metadata=credential).file
    show("upload", name=file.name, contentType=file.content_type, sizeBytes=file.size_bytes, sha256=file.sha256)
    return file


def register(channel, credential, file_id):
    source = sources_pb2.Source(display_name=os.environ["SLUICE_NAME"], connector="file")
    source.settings.update({"fileId": file_id, "tableName": "weather"})
    request = sources_pb2.CreateSourceRequest(source=source)
    source = sources_pb2_grpc.SourceServiceStub(channel).CreateSource(request, metadata=credential).source
    show("register", connector=source.connector, tableName=source.settings["tableName"])
    return source.source_id


def discover(channel, credential, source_id):
    catalog = catalog_pb2_grpc.CatalogServiceStub(channel)
    found = catalog.Discover(catalog_pb2.DiscoverRequest(source_id=source_id), metadata=credential)
    show("discover", added=[table.name for table in found.added])
    listed = catalog.ListTables(catalog_pb2.ListTablesRequest(source_id=source_id), metadata=credential)
    columns = [f"{column.name} {column.data_type}" for table in listed.tables for column in table.columns]
    show("list tables", columns=columns)


def query(channel, credential, source_id):
    executions = executions_pb2_grpc.ExecutionServiceStub(channel)
    request = executions_pb2.ExecuteQueryRequest(source_id=source_id, sql=os.environ["SLUICE_SQL"], max_rows=3)
    result = executions.ExecuteQuery(request, metadata=credential)
    show(
        "query",
        columns=[f"{column.name} {column.data_type}" for column in result.columns],
        rows=[MessageToDict(row) for row in result.rows],
        truncated=result.truncated,
    )
    request = executions_pb2.GetExecutionRequest(execution_id=result.execution_id)
    execution = executions.GetExecution(request, metadata=credential).execution
    state = executions_pb2.ExecutionState.Name(execution.state)
    show("read execution", state=state, rowCount=execution.row_count)
    try:
        request = executions_pb2.ExecuteQueryRequest(source_id=source_id, sql="DELETE FROM weather")
        executions.ExecuteQuery(request, metadata=credential)
    except grpc.RpcError as error:
        info = ErrorInfo()
        rpc_status.from_call(error).details[0].Unpack(info)
        show("refused query", code=error.code().name, reason=info.reason)


def download(files, credential, step, **request):
    head = HttpHead()
    media_type = ""
    digest = hashlib.sha256()
    for number, body in enumerate(files.DownloadFile(files_pb2.DownloadFileRequest(**request), metadata=credential)):
        if number == 0:
            media_type = body.content_type
            body.extensions[0].Unpack(head)
        digest.update(body.data)
    show(step, status=head.status, contentType=media_type, sha256=digest.hexdigest())


def main():
    with grpc.insecure_channel(urlsplit(os.environ["SLUICE_URL"]).netloc) as channel:
        credential = log_in(channel)
        files = files_pb2_grpc.FileServiceStub(channel)
        file = upload(files, credential)
        source_id = register(channel, credential, file.file_id)
        discover(channel, credential, source_id)
        query(channel, credential, source_id)
        download(files, credential, "download", file_id=file.file_id)
        download(files, credential, "download a range", file_id=file.file_id, range="bytes=0-48")


main()
