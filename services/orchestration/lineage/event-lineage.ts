import { derivedId } from "../../lib/values/ids.ts";
import {
  type Lineage,
  type LineageColumn,
  type LineageEntity,
  ownNamespace,
  type Transformation,
} from "./lineage.ts";
import type {
  OpenLineageDataset,
  OpenLineageEvent,
  OpenLineageInputField,
  OpenLineageJobEvent,
  OpenLineageName,
  OpenLineageOutputField,
  Violation,
} from "./open-lineage.ts";

/** The part of the graph that an event describes, and its references to Sluice's own entities. */
export type EventLineage = {
  readonly lineage: Lineage;
  /** Ids of Sluice's own entities that are inputs, with the JSON path that names each. */
  readonly references: ReadonlyMap<string, string>;
  readonly violations: readonly Violation[];
};

/** Converts an event. Within an organisation, equal names are the same entity. */
export function eventLineage(orgId: string, event: OpenLineageEvent): EventLineage {
  const collected = collect(orgId);
  if (event.kind === "job") addJobEvent(collected, event);
  else addDatasetEvent(collected, event.dataset);
  const { entities, edges, columns, references, violations } = collected;
  return { lineage: { entities, edges, columns }, references, violations };
}

type Collected = ReturnType<typeof collect>;

function collect(orgId: string) {
  const entities: LineageEntity[] = [];
  const references = new Map<string, string>();
  const violations: Violation[] = [];
  return {
    entities,
    edges: [] as { fromEntityId: string; toEntityId: string }[],
    columns: [] as LineageColumn[],
    references,
    violations,
    /** Returns the id of the entity named at `path`. Only an input may be Sluice's own. */
    entity(
      kind: "job" | "dataset",
      { namespace, name }: OpenLineageName,
      path: string,
      isInput = false,
    ): string {
      if (namespace === ownNamespace || namespace.startsWith(`${ownNamespace}/`)) {
        if (isInput && namespace === ownNamespace && uuid.test(name)) {
          references.set(name.toLowerCase(), `${path}.name`);
          return name.toLowerCase();
        }
        const description = isInput
          ? `is Sluice's own: the namespace ${ownNamespace} with an entity's id as the name`
          : "is Sluice's own, which writes its lineage by itself";
        violations.push({ path: `${path}.namespace`, description });
      }
      const entityId = derivedId("lineage entity", orgId, kind, namespace, name);
      entities.push({ entityId, kind, namespace, name });
      return entityId;
    },
  };
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function addJobEvent(collected: Collected, { job, run, inputs, outputs }: OpenLineageJobEvent): void {
  const jobId = collected.entity("job", job, "job");
  const parent = run?.facets?.parent?.job;
  if (parent) {
    const parentEntityId = collected.entity("job", parent, "run.facets.parent.job");
    if (parentEntityId !== jobId) {
      collected.entities.push({ entityId: jobId, kind: "job", ...job, parentEntityId });
    }
  }
  for (const [index, input] of inputs.entries()) {
    const path = `inputs[${index}]`;
    const fromEntityId = collected.entity("dataset", input, path, true);
    collected.edges.push({ fromEntityId, toEntityId: jobId });
    addSymlinks(collected, input, fromEntityId, path);
  }
  for (const [index, output] of outputs.entries()) {
    const path = `outputs[${index}]`;
    const toEntityId = collected.entity("dataset", output, path);
    collected.edges.push({ fromEntityId: jobId, toEntityId });
    addSymlinks(collected, output, toEntityId, path);
    addColumns(collected, output, path, (columnEntityId) => [
      { fromEntityId: columnEntityId, toEntityId: jobId },
      { fromEntityId: jobId, toEntityId },
    ]);
  }
}

/** Without a job, edges connect the data sets directly. */
function addDatasetEvent(collected: Collected, dataset: OpenLineageDataset): void {
  const toEntityId = collected.entity("dataset", dataset, "dataset");
  addSymlinks(collected, dataset, toEntityId, "dataset");
  addColumns(collected, dataset, "dataset", (fromEntityId) => [{ fromEntityId, toEntityId }]);
}

/** Two names of one data set are two entities, connected in both directions. */
function addSymlinks(
  collected: Collected,
  { facets }: OpenLineageDataset,
  entityId: string,
  path: string,
): void {
  for (const [index, identifier] of (facets?.symlinks?.identifiers ?? []).entries()) {
    const at = `${path}.facets.symlinks.identifiers[${index}]`;
    const otherId = collected.entity("dataset", identifier, at);
    if (otherId === entityId) continue;
    collected.edges.push(
      { fromEntityId: entityId, toEntityId: otherId },
      { fromEntityId: otherId, toEntityId: entityId },
    );
  }
}

/** Adds the column lineage of a data set's facet to each edge between the other data set and this one. */
function addColumns(
  collected: Collected,
  { facets }: OpenLineageDataset,
  path: string,
  edgesFrom: (columnEntityId: string) => { fromEntityId: string; toEntityId: string }[],
): void {
  const facet = facets?.columnLineage;
  if (!facet) return;
  const at = `${path}.facets.columnLineage`;
  for (const [index, other] of facet.dataset.entries()) {
    collected.edges.push(...edgesFrom(collected.entity("dataset", other, `${at}.dataset[${index}]`, true)));
  }
  for (const [toColumn, field] of Object.entries(facet.fields)) {
    for (const [index, input] of field.inputFields.entries()) {
      const fieldPath = `${at}.fields[${JSON.stringify(toColumn)}].inputFields[${index}]`;
      const columnEntityId = collected.entity("dataset", input, fieldPath, true);
      const edges = edgesFrom(columnEntityId);
      collected.edges.push(...edges);
      for (const transformation of transformationsOf(input, field)) {
        const column = { fromColumn: input.field, columnEntityId, toColumn, transformation };
        collected.columns.push(...edges.map((edge) => ({ ...edge, ...column })));
      }
    }
  }
}

/** Empty where the column only filters or orders the rows. */
function transformationsOf(
  { transformations }: OpenLineageInputField,
  { transformationType }: OpenLineageOutputField,
): Transformation[] {
  if (transformations.length === 0) return [subtypeOf(transformationType)];
  const direct = transformations.filter(({ type }) => type !== "INDIRECT");
  return [...new Set(direct.map(({ subtype }) => subtypeOf(subtype)))];
}

function subtypeOf(subtype: string | undefined): Transformation {
  if (subtype === undefined) return "";
  return subtype === "IDENTITY" || subtype === "AGGREGATION" ? subtype : "TRANSFORMATION";
}
