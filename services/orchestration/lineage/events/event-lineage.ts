import { derivedId } from "../../../lib/values/ids.ts";
import {
  indirectTransformations,
  isOwnNamespace,
  type Lineage,
  type LineageColumn,
  type LineageEntity,
  ownNamespace,
  type TimedEdge,
  type Transformation,
} from "../lineage.ts";
import type {
  OpenLineageDataset,
  OpenLineageEvent,
  OpenLineageInputField,
  OpenLineageJobEvent,
  OpenLineageName,
  OpenLineageOutputField,
  OpenLineageOwnership,
  OpenLineageTransformation,
  Violation,
} from "./open-lineage.ts";

/** The part of the graph that an event describes, and its references to Sluice's own entities. */
export type EventLineage = {
  readonly lineage: Lineage;
  /** The job, or the data set of a DatasetEvent. */
  readonly entityId: string;
  /** Ids of Sluice's own entities that are inputs, with the JSON path that names each. */
  readonly references: ReadonlyMap<string, string>;
  readonly violations: readonly Violation[];
};

/** Converts an event. Within an organisation, equal names are the same entity. */
export function eventLineage(orgId: string, event: OpenLineageEvent): EventLineage {
  const collected = collect(orgId, event.eventTime);
  const entityId =
    event.kind === "job" ? addJobEvent(collected, event) : addDatasetEvent(collected, event.dataset);
  const { entities, edges, columns, references, violations, time } = collected;
  const timed = edges.map((edge): TimedEdge => ({ ...edge, time }));
  return { lineage: { entities, edges: timed, columns }, entityId, references, violations };
}

type Collected = ReturnType<typeof collect>;

function collect(orgId: string, time: string) {
  const entities: LineageEntity[] = [];
  const references = new Map<string, string>();
  const violations: Violation[] = [];
  return {
    time,
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
      ownership: OpenLineageOwnership | undefined = undefined,
    ): string {
      if (isOwnNamespace(namespace)) {
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
      const names = ownership?.owners.map((owner) => owner.name).sort();
      const owners = names && { names: [...new Set(names)], time };
      entities.push({ entityId, kind, namespace, name, ...(owners && { owners }) });
      return entityId;
    },
  };
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function addJobEvent(collected: Collected, { job, run, inputs, outputs }: OpenLineageJobEvent): string {
  const jobId = collected.entity("job", job, "job", false, job.facets?.ownership);
  const parent = run?.facets?.parent?.job;
  if (parent) {
    const parentEntityId = collected.entity("job", parent, "run.facets.parent.job");
    if (parentEntityId !== jobId) {
      const { namespace, name } = job;
      const parentOfJob = { entityId: parentEntityId, time: collected.time };
      collected.entities.push({ entityId: jobId, kind: "job", namespace, name, parent: parentOfJob });
    }
  }
  for (const [index, input] of inputs.entries()) {
    const path = `inputs[${index}]`;
    const fromEntityId = collected.entity("dataset", input, path, true, input.facets?.ownership);
    collected.edges.push({ fromEntityId, toEntityId: jobId });
    addSymlinks(collected, input, fromEntityId, path);
  }
  for (const [index, output] of outputs.entries()) {
    const path = `outputs[${index}]`;
    const toEntityId = collected.entity("dataset", output, path, false, output.facets?.ownership);
    collected.edges.push({ fromEntityId: jobId, toEntityId });
    addSymlinks(collected, output, toEntityId, path);
    addColumns(collected, output, path, (columnEntityId) => [
      { fromEntityId: columnEntityId, toEntityId: jobId },
      { fromEntityId: jobId, toEntityId },
    ]);
  }
  return jobId;
}

/** Without a job, edges connect the data sets directly. */
function addDatasetEvent(collected: Collected, dataset: OpenLineageDataset): string {
  const toEntityId = collected.entity("dataset", dataset, "dataset", false, dataset.facets?.ownership);
  addSymlinks(collected, dataset, toEntityId, "dataset");
  addColumns(collected, dataset, "dataset", (fromEntityId) => [{ fromEntityId, toEntityId }]);
  return toEntityId;
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
    const columnEntityId = collected.entity("dataset", other, `${at}.dataset[${index}]`, true);
    const edges = edgesFrom(columnEntityId);
    collected.edges.push(...edges);
    const { field: fromColumn } = other;
    if (fromColumn === undefined) continue;
    for (const transformation of indirectOf(other.transformations)) {
      const column = { fromColumn, columnEntityId, toColumn: "", transformation };
      collected.columns.push(...edges.map((edge) => ({ ...edge, ...column })));
    }
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

/** Direct and indirect transformations of a column into another one. */
function transformationsOf(
  { transformations }: OpenLineageInputField,
  { transformationType }: OpenLineageOutputField,
): Transformation[] {
  if (transformations.length === 0) return [directOf(transformationType)];
  return [
    ...new Set(
      transformations.map((one) =>
        one.type === "INDIRECT" ? indirectSubtypeOf(one.subtype) : directOf(one.subtype),
      ),
    ),
  ];
}

/** How a whole data set depends on a column. Nothing is copied from it, whatever the event calls it. */
function indirectOf(transformations: readonly OpenLineageTransformation[]): Transformation[] {
  const subtypes = transformations.map(({ subtype }) => indirectSubtypeOf(subtype));
  return subtypes.length === 0 ? ["INDIRECT"] : [...new Set(subtypes)];
}

const indirectSubtypeOf = (subtype: string | undefined): Transformation =>
  indirectTransformations.find((one) => one === subtype) ?? "INDIRECT";

function directOf(subtype: string | undefined): Transformation {
  if (subtype === undefined) return "";
  return subtype === "IDENTITY" || subtype === "AGGREGATION" ? subtype : "TRANSFORMATION";
}
