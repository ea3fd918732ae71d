import { expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { createCatalogSource } from "../catalog-sources.ts";
import { startForeignDatabase } from "../foreign-database.ts";
import { startOrchestration } from "../orchestration.ts";
import { publicSchemas, statementsOf } from "./public-schemas.ts";
import { named, paraphrased, type Question } from "./questions.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);

/** About a third of what the 26 tables take together. */
const maxTokens = 1500;

test("OK: how often the tables that a question needs are in its context", async () => {
  const user = mesh().user();
  const schemas = new Map<string, string>();
  for (const [name, tables] of Object.entries(publicSchemas)) {
    const { schema, discover } = await createCatalogSource(mesh(), user, foreign(), statementsOf(tables));
    await discover();
    schemas.set(schema, name);
  }
  let tableCount = 0;
  const missingOf = async ({ text, schema, tables }: Question): Promise<string[]> => {
    const context = await user.catalog.getAiContext({ question: text, maxTokens });
    expect(context.tokenCount).toBeLessThanOrEqual(maxTokens);
    tableCount += context.tables.length;
    const found = context.tables.filter((table) => schemas.get(table.schemaName) === schema);
    const names = new Set(found.map(({ name }) => name));
    return tables.filter((name) => !names.has(name));
  };
  const measure = async (questions: readonly Question[]) => {
    const failed: string[] = [];
    for (const question of questions) {
      const missing = await missingOf(question);
      if (missing.length > 0) failed.push(`${question.text} (without ${missing.join(", ")})`);
    }
    return { share: (questions.length - failed.length) / questions.length, failed };
  };
  const ofNames = await measure(named);
  const ofParaphrases = await measure(paraphrased);
  const share = (ofNames.share + ofParaphrases.share) / 2;
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  console.log(
    [
      `all tables are in the context of ${percent(share)} of the questions, of 26 tables ${tableCount / 50} on average:`,
      `${percent(ofNames.share)} with names, ${percent(ofParaphrases.share)} of paraphrases, without embeddings`,
      ...[...ofNames.failed, ...ofParaphrases.failed].map((failed) => `  ${failed}`),
    ].join("\n"),
  );
  expect(share).toBeGreaterThanOrEqual(0.9);
  expect(ofParaphrases.share).toBeGreaterThanOrEqual(0.8);
});
