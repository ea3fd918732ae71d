import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { java, quietly } from "../../../clients/generate/java.ts";
import { runTool, toolsFolder } from "../../../clients/generate/language.ts";
import { createEnvironment, python } from "../../../clients/generate/python.ts";
import type { Step } from "../journey.ts";
import type { Journey, Lane } from "../lane.ts";

const folder = import.meta.dirname;
const emitMsMax = 60_000;

const environment = join(toolsFolder, "openlineage");
const pythonKit = {
  missing: python.missing,
  prepare() {
    createEnvironment(environment, ["--requirement", join(folder, "python/requirements.txt")]);
  },
};

const javaFolder = join(folder, "java");
const javaKit = {
  missing: java.missing,
  prepare() {
    runTool("mvn", [...quietly, "package"], { cwd: javaFolder });
  },
};
const javaClasses = [join(javaFolder, "target/classes"), join(javaFolder, "target/libraries/*")].join(":");

type Node = {
  readonly entityId: string;
  readonly name: string;
  readonly owners?: string[];
  readonly parentEntityId?: string;
};
type Column = { readonly fromColumn: string; readonly toColumn?: string; readonly transformation: string };
type Graph = { readonly nodes: Node[]; readonly edges: { readonly columns?: Column[] }[] };
type Events = { readonly events: { readonly eventId: string; readonly eventType: string }[] };
type Event = { readonly producer: string; readonly schemaURL: string };

/** Events of OpenLineage's own client, unmodified. Its settings are those that its documentation names. */
function openLineageLane(language: string, kit: Lane["kit"], command: string, ...args: string[]): Lane {
  const namespace = `${language.toLowerCase()}-etl`;
  const emit = ({ url }: Journey, apiKey: string, more: Record<string, string> = {}) =>
    spawnSync(command, [...args, namespace], {
      env: {
        ...process.env,
        OPENLINEAGE__TRANSPORT__TYPE: "http",
        OPENLINEAGE__TRANSPORT__URL: url,
        OPENLINEAGE__TRANSPORT__AUTH: JSON.stringify({ type: "api_key", apiKey }),
        ...more,
      },
      stdio: "ignore",
      timeout: emitMsMax,
    }).status;
  return {
    name: `OpenLineage, ${language} client`,
    kit,
    steps: stepsOf(namespace),
    async run(journey, report) {
      const token = await logIn(journey);
      const read = async <T>(path: string, query: Record<string, string> = {}): Promise<T> => {
        const url = `${journey.url}/api/v1/${path}?${new URLSearchParams(query)}`;
        return (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).json() as Promise<T>;
      };
      const find = async (name: string): Promise<Node> => {
        const [node] = (await read<Graph>("lineage:find", { namespace, name })).nodes;
        if (!node) throw new Error(`${name} is not in the graph`);
        return node;
      };
      report({ step: "emit", status: emit(journey, token) });
      const key = await createKey(journey, token);
      const compressed = { OPENLINEAGE__TRANSPORT__COMPRESSION: "gzip" };
      report({ step: "emit compressed, with an API key", status: emit(journey, key, compressed) });
      report({ step: "emit with a wrong key", status: emit(journey, `${key}x`) });
      const job = await find("daily.revenue");
      const { events } = await read<Events>("lineage-events", {
        entityId: job.entityId,
        orderBy: "create_time",
      });
      const { producer } = await read<Event>(`lineage-events/${events[0]?.eventId}`);
      report({ step: "events", types: events.map(({ eventType }) => eventType), producer });
      const archive = await find("archive");
      const { nodes, edges } = await read<Graph>(`lineage/${archive.entityId}/upstream`);
      report({ step: "upstream", nodes: nodes.map(({ name }) => name), columns: columnsOf(edges) });
      const [orders, parent] = [await find("orders"), await find("daily")];
      const isParent = job.parentEntityId === parent.entityId;
      report({ step: "owners and parent", job: job.owners, orders: orders.owners, isParent });
    },
  };
}

const stepsOf = (namespace: string): readonly Step[] => [
  { step: "emit", status: 0 },
  { step: "emit compressed, with an API key", status: 0 },
  { step: "emit with a wrong key", status: 1 },
  {
    step: "events",
    types: ["START", "COMPLETE", "START", "COMPLETE"],
    producer: `https://example.com/${namespace}`,
  },
  {
    step: "upstream",
    nodes: ["archive", "hourly.copy", "revenue", "daily.revenue", "orders"],
    columns: ["amount > total AGGREGATION", "status > * FILTER"],
  },
  { step: "owners and parent", job: ["team:finance"], orders: ["team:sales"], isParent: true },
];

/** Each flow once: it is on the edge into the job and on that out of it. */
const columnsOf = (edges: Graph["edges"]): string[] => {
  const columns = edges.flatMap((edge) => edge.columns ?? []);
  const words = columns.map(
    ({ fromColumn, toColumn, transformation }) => `${fromColumn} > ${toColumn || "*"} ${transformation}`,
  );
  return [...new Set(words)].sort();
};

async function logIn({ url, email, password }: Journey): Promise<string> {
  return (await post<{ accessToken: string }>(`${url}/api/v1/auth/token`, { email, password })).accessToken;
}

async function createKey({ url }: Journey, token: string): Promise<string> {
  const apiKey = { displayName: "OpenLineage", roles: ["editor"] };
  const headers = { authorization: `Bearer ${token}` };
  return (await post<{ secret: string }>(`${url}/api/v1/api-keys`, { apiKey }, headers)).secret;
}

async function post<T>(url: string, body: object, headers: Record<string, string> = {}): Promise<T> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return (await response.json()) as T;
}

export const openLineageLanes: readonly Lane[] = [
  openLineageLane("Python", pythonKit, join(environment, "bin/python"), join(folder, "python/emit.py")),
  openLineageLane("Java", javaKit, "java", "-cp", javaClasses, "Emit"),
];
