import { X509Certificate } from "node:crypto";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { issueCertificates, makeAuthority } from "../../services/all-in-one/mesh-certificate-files.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

test("OK: each process gets a certificate with its name, and a new one when it is asked for again", async () => {
  await using folder = await temporaryFolder();
  for (const name of ["edge", "storage"]) await mkdir(join(folder.path, name));
  await makeAuthority(folder.path);
  await issueCertificates(folder.path, ["edge", "storage"]);
  const read = async (...path: string[]) => readFile(join(folder.path, ...path), "utf8");
  const authority = new X509Certificate(await read("ca", "tls.crt"));
  const certificate = new X509Certificate(await read("storage", "tls.crt"));
  expect(certificate.subjectAltName).toBe("DNS:sluice-storage");
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect([authority.ca, certificate.ca]).toEqual([true, false]);
  expect(await read("storage", "ca.crt")).toBe(authority.toString());
  expect((await stat(join(folder.path, "storage", "tls.key"))).mode & 0o777).toBe(0o600);

  await issueCertificates(folder.path, ["storage"]);
  const next = new X509Certificate(await read("storage", "tls.crt"));
  expect(next.serialNumber).not.toBe(certificate.serialNumber);
  expect(next.verify(authority.publicKey)).toBe(true);
});

test("Error: an authority is not replaced", async () => {
  await using folder = await temporaryFolder();
  await makeAuthority(folder.path);
  await expect(makeAuthority(folder.path)).rejects.toThrow("EEXIST");
});
