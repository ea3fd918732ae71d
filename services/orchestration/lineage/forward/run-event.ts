import type { Lineage, LineageColumn, LineageEntity } from "../lineage.ts";
import { isIndirect, ownNamespace } from "../lineage.ts";

const producer = "https://github.com/sluice/sluice";
const schemaUrl = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const facetUrl = (name: string, version: string) =>
  `https://openlineage.io/spec/facets/${version}/${name}.json#/$defs/${name}`;

/** The OpenLineage event of a run of Sluice's own. Undefined for lineage without a job. */
export function runEvent(
  { entities, edges, columns }: Lineage,
  { orgId, namespace, time }: { orgId: string; namespace: string; time: string },
): { readonly runId: string; readonly event: string } | undefined {
  const [job] = entities;
  if (job?.kind !== "job") return undefined;
  const byId = new Map(entities.map((entity) => [entity.entityId, entity]));
  const named = (ids: readonly string[]) => [...new Set(ids)].flatMap((id) => byId.get(id) ?? []);
  const inputs = named(
    edges.filter((edge) => edge.toEntityId === job.entityId).map((edge) => edge.fromEntityId),
  );
  const outputs = named(
    edges.filter((edge) => edge.fromEntityId === job.entityId).map((edge) => edge.toEntityId),
  );
  const event = {
    eventTime: time,
    eventType: "COMPLETE",
    producer,
    schemaURL: schemaUrl,
    run: {
      runId: job.entityId,
      facets: {
        sluice: { _producer: producer, _schemaURL: schemaUrl, orgId, namespace },
      },
    },
    job: { namespace: ownNamespace, name: uniqueName(job), facets: {} },
    inputs: inputs.map((entity) => ({ ...nameOf(entity), facets: documentation(entity) })),
    outputs: outputs.map((entity) => ({
      ...nameOf(entity),
      facets: { ...documentation(entity), ...columnLineage(entity, columns, byId) },
    })),
  };
  return { runId: job.entityId, event: JSON.stringify(event) };
}

/** Names of jobs are not unique, and may be those of an organisation's project. */
const uniqueName = ({ name, entityId }: LineageEntity): string =>
  name.includes(entityId) ? name : `${name} (${entityId})`;

/** A table has its own name in the namespace of its source. Others are named by their id, as in events to Sluice. */
const nameOf = ({ kind, namespace, name, entityId }: LineageEntity) =>
  kind === "table" ? { namespace, name } : { namespace: ownNamespace, name: entityId };

const documentation = ({ name }: LineageEntity) => ({
  documentation: {
    _producer: producer,
    _schemaURL: facetUrl("DocumentationDatasetFacet", "1-1-0"),
    description: name,
  },
});

function columnLineage(
  { entityId }: LineageEntity,
  columns: readonly LineageColumn[],
  byId: ReadonlyMap<string, LineageEntity>,
) {
  const own = columns.filter(({ toEntityId }) => toEntityId === entityId);
  const inputOf = ({ columnEntityId, fromColumn, transformation }: LineageColumn) => {
    const entity = byId.get(columnEntityId);
    if (!entity) return [];
    const type = isIndirect(transformation) ? "INDIRECT" : "DIRECT";
    const transformations = transformation === "" ? [] : [{ type, subtype: transformation }];
    return { ...nameOf(entity), field: fromColumn, transformations };
  };
  const byColumn = Map.groupBy(own, ({ toColumn }) => toColumn);
  const fields = [...byColumn].filter(([toColumn]) => toColumn !== "");
  if (own.length === 0) return {};
  return {
    columnLineage: {
      _producer: producer,
      _schemaURL: facetUrl("ColumnLineageDatasetFacet", "1-2-0"),
      fields: Object.fromEntries(
        fields.map(([toColumn, flows]) => [toColumn, { inputFields: flows.flatMap(inputOf) }]),
      ),
      dataset: (byColumn.get("") ?? []).flatMap(inputOf),
    },
  };
}
