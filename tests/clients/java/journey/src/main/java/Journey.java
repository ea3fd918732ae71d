import com.google.api.HttpBody;
import com.google.gson.Gson;
import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.rpc.ErrorInfo;
import io.grpc.Channel;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import sluice.common.v1.HttpHead;
import sluice.identity.v1.AuthServiceGrpc;
import sluice.identity.v1.IssueTokenRequest;
import sluice.identity.v1.WhoAmIRequest;
import sluice.orchestration.v1.CatalogServiceGrpc;
import sluice.orchestration.v1.CreateSourceRequest;
import sluice.orchestration.v1.DiscoverRequest;
import sluice.orchestration.v1.ExecuteQueryRequest;
import sluice.orchestration.v1.ExecutionServiceGrpc;
import sluice.orchestration.v1.GetExecutionRequest;
import sluice.orchestration.v1.ListTablesRequest;
import sluice.orchestration.v1.Source;
import sluice.orchestration.v1.SourceServiceGrpc;
import sluice.storage.v1.DownloadFileRequest;
import sluice.storage.v1.FileServiceGrpc;
import sluice.storage.v1.UploadFileHeader;
import sluice.storage.v1.UploadFileRequest;

/** The calls of the first journey with grpc-java. Prints the result of each step as a line of JSON. */
final class Journey {
  private static final int CHUNK_BYTES = 16 * 1024;

  private final Channel channel;
  private final FileServiceGrpc.FileServiceBlockingV2Stub files;

  private Journey(Channel channel) {
    this.channel = channel;
    files = FileServiceGrpc.newBlockingV2Stub(channel);
  }

  public static void main(String[] args) throws Exception {
    URI address = URI.create(System.getenv("SLUICE_URL"));
    ManagedChannel channel =
        Grpc.newChannelBuilder(address.getAuthority(), InsecureChannelCredentials.create()).build();
    try {
      Journey journey = new Journey(logIn(channel));
      journey.whoAmI();
      String fileId = journey.upload(Path.of(System.getenv("SLUICE_FILE")));
      String sourceId = journey.register(fileId);
      journey.discover(sourceId);
      journey.query(sourceId);
      DownloadFileRequest.Builder request = DownloadFileRequest.newBuilder().setFileId(fileId);
      journey.download("download", request.build());
      journey.download("download a range", request.setRange("bytes=0-48").build());
    } finally {
      channel.shutdownNow();
    }
  }

  private static void show(String step, Object... facts) {
    Map<String, Object> seen = new LinkedHashMap<>(Map.of("step", step));
    for (int index = 0; index < facts.length; index += 2) {
      seen.put((String) facts[index], facts[index + 1]);
    }
    System.out.println(new Gson().toJson(seen));
  }

  /** Logs in. Returns a channel that adds the access token to each call. */
  private static Channel logIn(Channel channel) throws StatusException {
    var tokens =
        AuthServiceGrpc.newBlockingV2Stub(channel)
            .issueToken(
                IssueTokenRequest.newBuilder()
                    .setEmail(System.getenv("SLUICE_EMAIL"))
                    .setPassword(System.getenv("SLUICE_PASSWORD"))
                    .build());
    show("log in", "tokenType", tokens.getTokenType());
    Metadata credential = new Metadata();
    credential.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + tokens.getAccessToken());
    return io.grpc.ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(credential));
  }

  private void whoAmI() throws StatusException {
    var caller = AuthServiceGrpc.newBlockingV2Stub(channel).whoAmI(WhoAmIRequest.getDefaultInstance());
    show("who am I", "roles", caller.getRolesList());
  }

  private String upload(Path path) throws Exception {
    var call = files.uploadFile();
    var header = UploadFileHeader.newBuilder().setName(path.getFileName().toString());
    call.write(UploadFileRequest.newBuilder().setHeader(header).build());
    try (InputStream content = Files.newInputStream(path)) {
      for (byte[] chunk = content.readNBytes(CHUNK_BYTES);
          chunk.length > 0;
          chunk = content.readNBytes(CHUNK_BYTES)) {
        call.write(UploadFileRequest.newBuilder().setChunk(ByteString.copyFrom(chunk)).build());
      }
    }
    call.halfClose();
    var file = call.read().getFile();
    show(
        "upload",
        "name", file.getName(),
        "contentType", file.getContentType(),
        "sizeBytes", file.getSizeBytes(),
        "sha256", file.getSha256());
    return file.getFileId();
  }

  private static Value text(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }

  private String register(String fileId) throws StatusException {
    Struct settings =
        Struct.newBuilder()
            .putFields("fileId", text(fileId))
            .putFields("tableName", text("weather"))
            .build();
    Source described =
        Source.newBuilder()
            .setDisplayName(System.getenv("SLUICE_NAME"))
            .setConnector("file")
            .setSettings(settings)
            .build();
    var source =
        SourceServiceGrpc.newBlockingV2Stub(channel)
            .createSource(CreateSourceRequest.newBuilder().setSource(described).build())
            .getSource();
    String tableName = source.getSettings().getFieldsOrThrow("tableName").getStringValue();
    show("register", "connector", source.getConnector(), "tableName", tableName);
    return source.getSourceId();
  }

  private void discover(String sourceId) throws StatusException {
    var catalog = CatalogServiceGrpc.newBlockingV2Stub(channel);
    var found = catalog.discover(DiscoverRequest.newBuilder().setSourceId(sourceId).build());
    show("discover", "added", found.getAddedList().stream().map(table -> table.getName()).toList());
    var listed = catalog.listTables(ListTablesRequest.newBuilder().setSourceId(sourceId).build());
    List<String> columns =
        listed.getTablesList().stream()
            .flatMap(table -> table.getColumnsList().stream())
            .map(column -> column.getName() + " " + column.getDataType())
            .toList();
    show("list tables", "columns", columns);
  }

  private void query(String sourceId) throws StatusException {
    var executions = ExecutionServiceGrpc.newBlockingV2Stub(channel);
    var request = ExecuteQueryRequest.newBuilder().setSourceId(sourceId).setMaxRows(3);
    var result = executions.executeQuery(request.setSql(System.getenv("SLUICE_SQL")).build());
    List<String> columns =
        result.getColumnsList().stream()
            .map(column -> column.getName() + " " + column.getDataType())
            .toList();
    List<List<Object>> rows = result.getRowsList().stream().map(Journey::valuesOf).toList();
    show("query", "columns", columns, "rows", rows, "truncated", result.getTruncated());
    var id = GetExecutionRequest.newBuilder().setExecutionId(result.getExecutionId()).build();
    var execution = executions.getExecution(id).getExecution();
    show("read execution", "state", execution.getState(), "rowCount", execution.getRowCount());
    try {
      executions.executeQuery(request.setSql("DELETE FROM weather").build());
    } catch (StatusException refusal) {
      show("refused query", "code", refusal.getStatus().getCode(), "reason", reasonOf(refusal));
    }
  }

  private static List<Object> valuesOf(ListValue row) {
    List<Object> values = new ArrayList<>();
    for (Value value : row.getValuesList()) {
      values.add(value.hasNumberValue() ? (Object) value.getNumberValue() : value.getStringValue());
    }
    return values;
  }

  private static String reasonOf(StatusException refusal) {
    try {
      for (Any detail : StatusProto.fromThrowable(refusal).getDetailsList()) {
        if (detail.is(ErrorInfo.class)) {
          return detail.unpack(ErrorInfo.class).getReason();
        }
      }
    } catch (com.google.protobuf.InvalidProtocolBufferException garbled) {
      throw new IllegalStateException(garbled);
    }
    return "";
  }

  private void download(String step, DownloadFileRequest request) throws Exception {
    var call = files.downloadFile(request);
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    HttpBody first = call.read();
    for (HttpBody body = first; body != null; body = call.read()) {
      digest.update(body.getData().toByteArray());
    }
    int status = first.getExtensions(0).unpack(HttpHead.class).getStatus();
    String sha256 = HexFormat.of().formatHex(digest.digest());
    show(step, "status", status, "contentType", first.getContentType(), "sha256", sha256);
  }
}
