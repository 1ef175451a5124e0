import { describe, expect, it } from "vitest";
import { readableOf } from "../../../worker/runtime/http-stream.ts";

describe("a streamed body at the Worker", () => {
  it("arrives piece by piece and ends with its maker", async () => {
    const readable = readableOf({
      async stream(push) {
        await push("a");
        await push(new Uint8Array([98]));
      },
    });
    expect(await new Response(readable).text()).toBe("ab");
  });

  it("tells its maker that the client has gone", async () => {
    let gone = false;
    const readable = readableOf({
      async stream(push, cancellation) {
        await push("a");
        await new Promise<void>((resolve) => cancellation.onAbort(resolve));
        gone = cancellation.aborted;
      },
    });
    const reader = readable.getReader();
    await reader.read();
    await reader.cancel();
    await expect.poll(() => gone).toBe(true);
  });

  it("fails for the reader when its maker fails", async () => {
    const readable = readableOf({ stream: () => Promise.reject(new Error("the disk is gone")) });
    await expect(new Response(readable).text()).rejects.toThrow("the disk is gone");
  });
});
