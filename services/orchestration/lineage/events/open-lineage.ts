import { z } from "zod";

/** Characters of a namespace or a name. */
const nameLengthMax = 1024;
/** Characters of a column's name, which is part of an index. */
const columnLengthMax = 255;

const text = (lengthMax: number) =>
  z
    .string("must be a text")
    .min(1, "must not be empty")
    .max(lengthMax, `must not be longer than ${lengthMax} characters`)
    .refine((value) => !value.includes("\0"), "must not contain a NUL character")
    .refine((value) => value.isWellFormed(), "must not contain half of a surrogate pair");

/** Owners of a job or a data set. */
const ownersMax = 100;

/** Clients leave fields out or send null. */
const optional = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? undefined);
const list = <T extends z.ZodType>(schema: T) =>
  z
    .array(schema, "must be an array")
    .nullish()
    .transform((value) => value ?? []);

const object = <S extends z.ZodRawShape>(shape: S) => z.object(shape, "must be an object");

const named = { namespace: text(nameLengthMax), name: text(nameLengthMax) };

const transformation = object({
  type: optional(z.string("must be a text")),
  subtype: optional(z.string("must be a text")),
});

const inputField = object({
  ...named,
  field: text(columnLengthMax),
  transformations: list(transformation),
});

const ownership = object({
  owners: list(object({ name: text(nameLengthMax) })).refine(
    (owners) => owners.length <= ownersMax,
    `must not have more than ${ownersMax} owners`,
  ),
});

// Up to version 1.0 of the facet, the transformation belongs to the output field, not to its inputs.
const outputField = object({
  inputFields: list(inputField),
  transformationType: optional(z.string("must be a text")),
});

const columnLineage = object({
  fields: z
    .record(text(columnLengthMax), outputField, "must be an object")
    .nullish()
    .transform((value) => value ?? {}),
  // Columns that the whole data set depends on, for example in a filter.
  dataset: list(
    object({ ...named, field: optional(text(columnLengthMax)), transformations: list(transformation) }),
  ),
});

const dataset = object({
  ...named,
  facets: optional(
    object({
      columnLineage: optional(columnLineage),
      ownership: optional(ownership),
      symlinks: optional(object({ identifiers: list(object(named)) })),
    }),
  ),
});

const job = object({ ...named, facets: optional(object({ ownership: optional(ownership) })) });

const run = object({
  runId: z.guid("must be a UUID"),
  facets: optional(object({ parent: optional(object({ job: object(named) })) })),
});

const timeProblem = "must be a time as 2026-11-21T07:00:00Z";

/** A time in UTC, with milliseconds. Without a zone it is in UTC. */
const eventTime = z.iso
  .datetime({ offset: true, local: true, error: timeProblem })
  .transform((text) => new Date(/(z|[+-]\d\d:\d\d)$/i.test(text) ? text : `${text}Z`))
  .refine((time) => time.getTime() >= timeMin && time.getTime() <= timeMax, timeProblem)
  .transform((time) => time.toISOString());

/** Times that PostgreSQL reads in this format: of the years 1 to 9999. */
const [timeMin, timeMax] = [Date.parse("0001-01-01T00:00:00Z"), Date.parse("9999-12-31T23:59:59.999Z")];

const eventTypes = ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"] as const;
const eventType = optional(z.enum(eventTypes, `must be one of ${eventTypes.join(", ")}`));

/** A RunEvent, or without `run` a JobEvent. */
const jobEvent = object({
  eventTime,
  eventType,
  run: optional(run),
  job,
  inputs: list(dataset),
  outputs: list(dataset),
});

const datasetEvent = object({ eventTime, dataset });

export type OpenLineageName = { readonly namespace: string; readonly name: string };
export type OpenLineageDataset = z.output<typeof dataset>;
export type OpenLineageInputField = z.output<typeof inputField>;
export type OpenLineageOutputField = z.output<typeof outputField>;
export type OpenLineageTransformation = z.output<typeof transformation>;
export type OpenLineageOwnership = z.output<typeof ownership>;
export type OpenLineageJobEvent = z.output<typeof jobEvent>;
export type OpenLineageEvent =
  | ({ readonly kind: "job" } & OpenLineageJobEvent)
  | ({ readonly kind: "dataset" } & z.output<typeof datasetEvent>);

/** An invalid field of an event. */
export type Violation = { readonly path: string; readonly description: string };

/** Parses an event. Fields that are not about lineage are dropped. */
export function parseEvent(
  json: unknown,
): { readonly event: OpenLineageEvent } | { readonly violations: readonly Violation[] } {
  const keys = json !== null && typeof json === "object" ? Object.keys(json) : [];
  if (keys.includes("job") || keys.includes("run")) {
    const parsed = jobEvent.safeParse(json);
    return parsed.success ? { event: { kind: "job", ...parsed.data } } : violationsOf(parsed.error);
  }
  if (keys.includes("dataset")) {
    const parsed = datasetEvent.safeParse(json);
    return parsed.success ? { event: { kind: "dataset", ...parsed.data } } : violationsOf(parsed.error);
  }
  const description = "is no RunEvent, JobEvent or DatasetEvent: it has neither job nor dataset";
  return { violations: [{ path: "", description }] };
}

/** Most violations reported at once. */
const violationsMax = 20;

const violationsOf = ({ issues }: z.ZodError) => ({
  violations: issues
    .slice(0, violationsMax)
    .map(({ path, message }) => ({ path: formatPath(path), description: message })),
});

/** For example `inputs[0].facets["my facet"].name`. */
const formatPath = (path: readonly PropertyKey[]): string =>
  path
    .map((key) => {
      if (typeof key === "number") return `[${key}]`;
      return /^\w+$/.test(String(key)) ? `.${String(key)}` : `[${JSON.stringify(String(key))}]`;
    })
    .join("")
    .replace(/^\./, "");
