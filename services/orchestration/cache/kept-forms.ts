import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type SourcePreview, SourcePreviewSchema } from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import type { Preview, Repeatable } from "../connectors/connector.ts";
import { toListValue } from "../results/list-value.ts";
import type { QueryResult } from "../results/query-result.ts";

// This folder's sources are part of the version of what is kept, so a change of a form is never read as the one before.

export type KeptResult = QueryResult & Repeatable;

/** JSON holds the values of a result exactly: an engine process sends them in it. */
export const resultForm = {
  encode: ({ columns, rows, truncated }: KeptResult): Uint8Array =>
    Buffer.from(JSON.stringify({ columns, rows, truncated })),
  decode: (bytes: Uint8Array): KeptResult => JSON.parse(Buffer.from(bytes).toString()),
};

type KeptPreview = Repeatable & { readonly message: SourcePreview };

export const previewForm = {
  encode: ({ message }: KeptPreview): Uint8Array => toBinary(SourcePreviewSchema, message),
  decode: (bytes: Uint8Array): KeptPreview => ({ message: fromBinary(SourcePreviewSchema, bytes) }),
};

/** The message of a preview. Its fields have their final form, so it is kept as it is. */
export const toSourcePreview = ({
  settings,
  columns,
  rows,
  rowCount,
  problems,
  ...preview
}: Preview): SourcePreview =>
  create(SourcePreviewSchema, {
    ...preview,
    settings,
    columns: columns.map(({ name, dataType, nullable, form = "", note = "" }) => ({
      name,
      dataType,
      form,
      note,
      ...(nullable !== undefined && { nullable }),
    })),
    rows: rows.map(toListValue),
    ...(rowCount !== undefined && { rowCount }),
    problems: problems.map(({ line = 0, column = "", message }) => ({ line: BigInt(line), column, message })),
  });
