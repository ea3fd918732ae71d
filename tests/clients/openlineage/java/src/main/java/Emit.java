import io.openlineage.client.Clients;
import io.openlineage.client.OpenLineage;
import io.openlineage.client.OpenLineage.InputField;
import io.openlineage.client.OpenLineage.Job;
import io.openlineage.client.OpenLineage.Run;
import io.openlineage.client.OpenLineage.RunEvent.EventType;
import io.openlineage.client.OpenLineageClient;
import java.net.URI;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.UUID;

/** Emits events of each kind with OpenLineage's client, which is configured by its own environment variables. */
final class Emit {
  private final String namespace;
  private final OpenLineage events;

  private Emit(String namespace) {
    this.namespace = namespace;
    events = new OpenLineage(URI.create("https://example.com/" + namespace));
  }

  public static void main(String[] args) throws Exception {
    try (OpenLineageClient client = Clients.newClient()) {
      new Emit(args[0]).emit(client);
    }
  }

  private void emit(OpenLineageClient client) {
    var parent =
        events
            .newParentRunFacetBuilder()
            .run(events.newParentRunFacetRunBuilder().runId(UUID.randomUUID()).build())
            .job(events.newParentRunFacetJobBuilder().namespace(namespace).name("daily").build())
            .build();
    Run run =
        events
            .newRunBuilder()
            .runId(UUID.randomUUID())
            .facets(events.newRunFacetsBuilder().parent(parent).build())
            .build();
    var owners = events.newOwnershipJobFacet(List.of(events.newOwnershipJobFacetOwners("team:finance", "OWNER")));
    Job job =
        events
            .newJobBuilder()
            .namespace(namespace)
            .name("daily.revenue")
            .facets(events.newJobFacetsBuilder().ownership(owners).build())
            .build();
    client.emit(
        events.newRunEventBuilder().eventType(EventType.START).eventTime(now()).run(run).job(job).build());
    client.emit(
        events
            .newRunEventBuilder()
            .eventType(EventType.COMPLETE)
            .eventTime(now())
            .run(run)
            .job(job)
            .inputs(List.of(input("orders")))
            .outputs(List.of(revenue()))
            .build());
    client.emit(
        events
            .newJobEventBuilder()
            .eventTime(now())
            .job(events.newJobBuilder().namespace(namespace).name("hourly.copy").build())
            .inputs(List.of(input("revenue")))
            .outputs(List.of(events.newOutputDatasetBuilder().namespace(namespace).name("archive").build()))
            .build());
    var owned =
        events.newOwnershipDatasetFacet(List.of(events.newOwnershipDatasetFacetOwners("team:sales", null)));
    var orders =
        events
            .newStaticDatasetBuilder()
            .namespace(namespace)
            .name("orders")
            .facets(events.newDatasetFacetsBuilder().ownership(owned).build())
            .build();
    client.emit(events.newDatasetEventBuilder().eventTime(now()).dataset(orders).build());
  }

  private OpenLineage.InputDataset input(String name) {
    return events.newInputDatasetBuilder().namespace(namespace).name(name).build();
  }

  private OpenLineage.OutputDataset revenue() {
    var fields =
        events
            .newColumnLineageDatasetFacetFieldsBuilder()
            .put(
                "total",
                events
                    .newColumnLineageDatasetFacetFieldsAdditionalBuilder()
                    .inputFields(List.of(orders("amount", "DIRECT", "AGGREGATION")))
                    .build())
            .build();
    var lineage =
        events.newColumnLineageDatasetFacet(fields, List.of(orders("status", "INDIRECT", "FILTER")));
    return events
        .newOutputDatasetBuilder()
        .namespace(namespace)
        .name("revenue")
        .facets(events.newDatasetFacetsBuilder().columnLineage(lineage).build())
        .build();
  }

  private InputField orders(String field, String type, String subtype) {
    var transformation =
        events.newInputFieldTransformationsBuilder().type(type).subtype(subtype).build();
    return events.newInputField(namespace, "orders", field, List.of(transformation));
  }

  private static ZonedDateTime now() {
    return ZonedDateTime.now(ZoneOffset.UTC);
  }
}
