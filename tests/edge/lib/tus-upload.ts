import { createReadStream } from "node:fs";
import * as tus from "tus-js-client";

// A client in a process of its own, which a test can kill: uploads a file with tus-js-client, or goes on where a process before
// it has stopped. Prints how far it is.

const [path = "", endpoint = "", authorization = "", statePath = ""] = process.argv.slice(2);

// Its types leave out what it exports for Node alone.
const { FileUrlStorage } = tus as unknown as { FileUrlStorage: new (path: string) => tus.UrlStorage };

const upload = new tus.Upload(createReadStream(path), {
  endpoint,
  headers: { authorization },
  metadata: { filename: "killed.bin" },
  urlStorage: new FileUrlStorage(statePath),
  retryDelays: null,
  onProgress: (sent) => console.log(`sent ${sent}`),
  onError(error) {
    console.log(`failed ${error.message}`);
    process.exit(1);
  },
  onSuccess: () => console.log(`stored ${upload.url}`),
});
const [previous] = await upload.findPreviousUploads();
if (previous) upload.resumeFromPreviousUpload(previous);
console.log(`resumed ${previous !== undefined}`);
upload.start();
