import {
  DeleteModelAliasResponseSchema,
  DeleteModelResponseSchema,
  DeleteModelVersionResponseSchema,
  GetModelResponseSchema,
  GetModelVersionResponseSchema,
  ModelEventKindSchema,
  ModelSafetySchema,
  ModelSchema,
  ModelService,
  ModelStage,
  ModelStageSchema,
  ModelVersionSchema,
  ModelVersionStateSchema,
  SetModelAliasResponseSchema,
  SetModelVersionStageResponseSchema,
} from "../../gen/sluice/storage/v1/models_pb.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { listCommand } from "../command/list.ts";
import { flag, text, whole } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { compare } from "../models/compare-command.ts";
import { downloadModel } from "../models/download-command.ts";
import { findModelVersion, parseModelReference } from "../models/model-reference.ts";
import { register, upload } from "../models/register-command.ts";
import { confirm } from "../terminal/confirm.ts";
import { printRecord } from "../terminal/record.ts";
import { formatEnum, formatSize, formatTime } from "../terminal/value.ts";

const namespace = text("name", "namespace of the model (default `default`)");

const list = listCommand({
  summary: "List models",
  examples: ["models list", "models list --filter 'text:\"credit risk\"'"],
  service: ModelService,
  method: ModelService.method.listModels,
  request: () => ({}),
  items: (response) => response.models,
  columns: [
    { title: "name", value: ({ modelName }) => modelName },
    { title: "namespace", value: (model) => model.namespace },
    { title: "versions", align: "right", value: ({ latestVersion }) => String(latestVersion) },
    {
      title: "production",
      align: "right",
      value: ({ productionVersion }) => String(productionVersion || ""),
    },
    {
      title: "aliases",
      value: ({ aliases }) => aliases.map(({ alias, version }) => `${alias}:${version}`).join(" "),
    },
    { title: "created", value: ({ createTime }) => formatTime(createTime) },
  ],
  id: ({ modelId }) => modelId,
});

const versions = listCommand({
  name: "versions",
  summary: "List versions of a model",
  args: ["<model>"],
  examples: ["models versions churn", "models versions churn --filter 'stage = production'"],
  service: ModelService,
  method: ModelService.method.listModelVersions,
  request: (_call, [model]) => ({ model }),
  items: (response) => response.modelVersions,
  columns: [
    { title: "version", align: "right", value: ({ version }) => String(version) },
    { title: "state", value: ({ state }) => formatEnum(ModelVersionStateSchema, state) },
    { title: "stage", value: ({ stage }) => formatEnum(ModelStageSchema, stage) },
    { title: "aliases", value: ({ aliases }) => aliases.join(" ") },
    { title: "size", align: "right", value: ({ sizeBytes }) => formatSize(sizeBytes) },
    { title: "safety", value: ({ safety }) => formatEnum(ModelSafetySchema, safety) },
    { title: "created", value: ({ createTime }) => formatTime(createTime) },
  ],
  id: ({ modelVersionId }) => modelVersionId,
});

const show = command({
  name: "show",
  summary: "Show a model, or a version of it",
  args: ["<model>"],
  options: { namespace },
  examples: ["models show churn", "models show churn:3", "models show churn@champion"],
  async run(call, [reference], options) {
    const { model, version, alias } = parseModelReference(reference);
    if (version === undefined && alias === undefined) {
      const request = { model, namespace: options.namespace ?? "" };
      const response = await (await call.client(ModelService)).getModel(request, { signal: call.signal });
      await call.show(GetModelResponseSchema, response, () =>
        printRecord(call.terminal, ModelSchema, response.model),
      );
      return;
    }
    const modelVersion = await findModelVersion(call, reference, options.namespace);
    const response = { $typeName: GetModelVersionResponseSchema.typeName, modelVersion };
    await call.show(GetModelVersionResponseSchema, response, () =>
      printRecord(call.terminal, ModelVersionSchema, modelVersion),
    );
  },
});

const alias = command({
  name: "alias",
  summary: "Point an alias to a version, or remove it",
  args: ["<version>", "<alias>"],
  options: {
    namespace,
    expect: whole("version", "only if it points to this version now; 0 if it must be new"),
    comment: text("text", "comment for the history"),
    remove: flag("remove the alias"),
  },
  examples: [
    "models alias churn:3 champion",
    "models alias churn@challenger champion --expect 2",
    "models alias churn challenger --remove",
  ],
  async run(call, [reference, name], options) {
    const client = await call.client(ModelService);
    const { model } = parseModelReference(reference);
    const of = { model, namespace: options.namespace ?? "", alias: name };
    if (options.remove) {
      const response = await client.deleteModelAlias(of, { signal: call.signal });
      await call.show(DeleteModelAliasResponseSchema, response, () =>
        call.terminal.note(`${name} is removed.`),
      );
      return;
    }
    const { version } = await findModelVersion(call, reference, options.namespace);
    const { expect: expectedVersion, comment = "" } = options;
    const response = await client.setModelAlias(
      { ...of, version, comment, ...(expectedVersion !== undefined && { expectedVersion }) },
      { signal: call.signal },
    );
    await call.show(SetModelAliasResponseSchema, response, () =>
      call.terminal.note(`${model}@${name} is version ${version} now.`),
    );
  },
});

const stages = {
  development: ModelStage.DEVELOPMENT,
  staging: ModelStage.STAGING,
  production: ModelStage.PRODUCTION,
  archived: ModelStage.ARCHIVED,
};

const stage = command({
  name: "stage",
  summary: "Move a version to a stage",
  args: ["<version>", "<stage>"],
  options: { namespace, comment: text("text", "comment for the history") },
  examples: ["models stage churn:3 production --comment 'passed the tests'"],
  async run(call, [reference, name], options) {
    if (!Object.hasOwn(stages, name))
      throw usageError(`${name} is no stage`, `one of ${Object.keys(stages).join(", ")}`);
    const { modelId, version } = await findModelVersion(call, reference, options.namespace);
    const request = {
      model: modelId,
      version,
      stage: stages[name as keyof typeof stages],
      comment: options.comment ?? "",
    };
    const response = await (await call.client(ModelService)).setModelVersionStage(request, {
      signal: call.signal,
    });
    await call.show(SetModelVersionStageResponseSchema, response, () =>
      call.terminal.note(`${reference} is in ${name}.`),
    );
  },
});

const history = listCommand({
  name: "history",
  summary: "List what happened to a model",
  args: ["<model>"],
  examples: ["models history churn", "models history churn --filter 'alias = champion'"],
  service: ModelService,
  method: ModelService.method.listModelEvents,
  request: (_call, [model]) => ({ model }),
  items: (response) => response.events,
  columns: [
    { title: "time", value: ({ createTime }) => formatTime(createTime) },
    { title: "what", value: ({ kind }) => formatEnum(ModelEventKindSchema, kind) },
    { title: "version", align: "right", value: ({ version }) => String(version) },
    { title: "before", align: "right", value: ({ previousVersion }) => String(previousVersion || "") },
    { title: "alias", value: (event) => event.alias },
    { title: "stage", value: (event) => (event.stage ? formatEnum(ModelStageSchema, event.stage) : "") },
    { title: "user", value: ({ userId }) => userId },
    { title: "comment", value: ({ comment }) => comment },
  ],
  id: ({ eventId }) => eventId,
});

const remove = command({
  name: "rm",
  summary: "Remove a version, or a model with all versions",
  args: ["<model>"],
  options: { namespace, yes: flag("do not ask", { short: "y" }) },
  examples: ["models rm churn:2", "models rm churn --yes"],
  async run(call, [reference], { namespace: given = "", yes }) {
    const { model, version, alias: named } = parseModelReference(reference);
    if (named !== undefined)
      throw usageError("a version with an alias can't be removed", "remove the alias first");
    const client = await call.client(ModelService);
    const done = () => call.terminal.note(`${reference} is removed.`);
    await confirm(call, `Remove ${version === undefined ? `all versions of ${model}` : reference}?`, yes);
    const of = { model, namespace: given };
    if (version === undefined)
      await call.show(DeleteModelResponseSchema, await client.deleteModel(of, { signal: call.signal }), done);
    else {
      const response = await client.deleteModelVersion({ ...of, version }, { signal: call.signal });
      await call.show(DeleteModelVersionResponseSchema, response, done);
    }
  },
});

export const models: CommandGroup = {
  name: "models",
  summary: "Models and their versions",
  commands: [list, show, versions, register, upload, downloadModel, alias, stage, compare, history, remove],
};
