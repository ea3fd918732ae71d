import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";

// S3's own client, in a process of its own: for each request it reads an object to its end, and answers with the milliseconds
// that this took. Arguments: <endpoint> <access key> <secret> <bucket> <key> <whether it compares the checksum of S3>.
const [endpoint = "", accessKeyId = "", secretAccessKey = "", Bucket = "", Key = "", checks] =
  process.argv.slice(2);
const client = new S3Client({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId, secretAccessKey },
  forcePathStyle: true,
  responseChecksumValidation: checks === "true" ? "WHEN_SUPPORTED" : "WHEN_REQUIRED",
});

const server = createServer(async (_, response) => {
  const beganMs = performance.now();
  const { Body, ContentLength } = await client.send(new GetObjectCommand({ Bucket, Key }));
  let sizeBytes = 0;
  for await (const chunk of Body as Readable) sizeBytes += chunk.length;
  response.writeHead(sizeBytes === ContentLength ? 200 : 500).end(String(performance.now() - beganMs));
});

server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
