import { join } from "node:path";
import { pino } from "pino";
import { expect, test } from "vitest";
import { watchCertificates } from "../../services/lib/tls/certificates.ts";
import { certificateFolder, contentsFor, createAuthority } from "./test-certificates.ts";
import { temporaryFolder } from "./test-mesh.ts";

function createLines() {
  const lines: { msg: string; level: number; problem?: string }[] = [];
  return { lines, log: pino({ level: "info" }, { write: (line) => lines.push(JSON.parse(line)) }) };
}

test("OK: files that are swapped by a link are read again", async () => {
  await using folder = await temporaryFolder();
  const authority = await createAuthority();
  const files = await certificateFolder(folder.path, await contentsFor(authority, "storage"));
  const { lines, log } = createLines();
  using watched = await watchCertificates(files, { log, intervalMs: 5 });
  const renewed = new Promise((resolve) => watched.onRenewed(resolve));
  const next = await contentsFor(authority, "storage");
  await files.swap(next);
  await renewed;
  expect(watched.current.cert.toString()).toBe(next.certificatePem);
  expect(lines.map(({ msg }) => msg)).toEqual(["certificate read", "certificate renewed"]);
});

test("OK: a pair that does not fit keeps the old one, and is told of once and loudly", async () => {
  await using folder = await temporaryFolder();
  const authority = await createAuthority();
  const first = await contentsFor(authority, "storage");
  const files = await certificateFolder(folder.path, first);
  const { lines, log } = createLines();
  using watched = await watchCertificates(files, { log, intervalMs: 5 });
  const other = await contentsFor(authority, "storage");
  await files.swap({ ...first, privateKeyPem: other.privateKeyPem });
  await expect.poll(() => lines.filter(({ level }) => level === 50).length).toBe(1);
  expect(lines.at(-1)?.problem).toBe(`${files.keyFile} is not the key of ${files.certFile}`);
  await files.swap({ ...first, certificatePem: "no certificate" });
  await expect.poll(() => lines.at(-1)?.problem).toBe(`${files.certFile} is no certificate`);
  expect(watched.current.cert.toString()).toBe(first.certificatePem);
  expect(lines.filter(({ level }) => level === 50)).toHaveLength(2);
  await files.swap(other);
  await expect.poll(() => lines.at(-1)?.msg).toBe("certificate renewed");
  expect(watched.current.key.toString()).toBe(other.privateKeyPem);
});

test("Error: what is wrong at the start names its file", async () => {
  await using folder = await temporaryFolder();
  const authority = await createAuthority();
  const files = await certificateFolder(folder.path, await contentsFor(authority, "storage"));
  const { log } = createLines();
  const missing = join(folder.path, "none");
  await expect(watchCertificates({ ...files, keyFile: missing }, { log })).rejects.toThrow(
    `can't read ${missing}: it does not exist`,
  );
  await expect(watchCertificates({ ...files, caFile: files.keyFile }, { log })).rejects.toThrow(
    `${files.keyFile} is no certificate`,
  );
});
