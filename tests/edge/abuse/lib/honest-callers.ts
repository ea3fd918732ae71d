import { create, toBinary } from "@bufbuild/protobuf";
import { expect } from "vitest";
import { LookRequestSchema } from "../../../../gen/sluice/test/v1/echo_pb.ts";
import { http1, http2 } from "../../lib/raw-http.ts";

/** Bounds of the number of calls in an iteration. */
const [callsMin, callsMax] = [4, 400];

/** Makes calls until the attack ends and expects each of them to succeed. */
export async function servedWell(port: number, attack: Promise<unknown>): Promise<void> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  attack.then(over, over);
  for (let call = 0; call < callsMin || (!isOver && call < callsMax); call += 1) {
    const name = `n${call}`;
    const [rest, rpc] = await Promise.all([
      http2(port, `/test/v1/look/${name}`),
      http1(port, "/sluice.test.v1.EchoService/Look", {
        method: "POST",
        headers: { "content-type": "application/proto" },
        body: Buffer.from(toBinary(LookRequestSchema, create(LookRequestSchema, { name }))),
      }),
    ]);
    expect([rest.status, JSON.parse(rest.body).request.name]).toEqual([200, name]);
    expect([rpc.status, rpc.body.includes(name)]).toEqual([200, true]);
  }
}
