import {
  CompareModelVersionsResponseSchema,
  type FileDifference,
  type MetricDifference,
  ModelService,
  type TextDifference,
} from "../../gen/sluice/storage/v1/models_pb.ts";
import { command } from "../command/command.ts";
import { printItems } from "../command/list.ts";
import { text } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { formatSize } from "../terminal/value.ts";
import { findModelVersion } from "./model-reference.ts";

type Row = { what: string; name: string; value: string; other: string; change?: string };

export const compare = command({
  name: "compare",
  summary: "Show what differs between two versions of a model",
  args: ["<version>", "<other>"],
  options: { namespace: text("name", "namespace of the model (default `default`)") },
  examples: ["models compare churn:2 churn:3", "models compare churn@champion churn@challenger"],
  async run(call, [one, another], { namespace }) {
    const version = await findModelVersion(call, one, namespace);
    const other = await findModelVersion(call, another, namespace);
    if (version.modelId !== other.modelId) throw usageError(`${one} and ${another} are of different models`);
    const request = { model: version.modelId, version: version.version, otherVersion: other.version };
    const response = await (await call.client(ModelService)).compareModelVersions(request, {
      signal: call.signal,
    });
    await call.show(CompareModelVersionsResponseSchema, response, () => {
      const rows = [
        ...response.metrics.map(metricRow),
        ...response.parameters.map(textRow("parameter")),
        ...response.tags.map(textRow("tag")),
        ...response.inputs.map(textRow("input")),
        ...response.outputs.map(textRow("output")),
        ...response.files.map(fileRow),
      ];
      printItems(
        call,
        [
          { title: "what", value: (row: Row) => row.what },
          { title: "name", value: (row: Row) => row.name },
          { title: `version ${version.version}`, value: (row: Row) => row.value },
          { title: `version ${other.version}`, value: (row: Row) => row.other },
          { title: "change", align: "right", value: (row: Row) => row.change ?? "" },
        ],
        rows,
      );
    });
  },
});

const metricRow = ({ name, value, otherValue, change }: MetricDifference): Row => ({
  what: "metric",
  name,
  value: String(value ?? "–"),
  other: String(otherValue ?? "–"),
  ...(change !== undefined && { change: String(change) }),
});

const textRow =
  (what: string) =>
  ({ name, value = "–", otherValue: other = "–" }: TextDifference): Row => ({ what, name, value, other });

const fileRow = ({ path, sha256, otherSha256, sizeBytes, otherSizeBytes }: FileDifference): Row => ({
  what: "file",
  name: path,
  value: sha256 === "" ? "–" : `${formatSize(sizeBytes)} ${sha256.slice(0, 12)}`,
  other: otherSha256 === "" ? "–" : `${formatSize(otherSizeBytes)} ${otherSha256.slice(0, 12)}`,
});
