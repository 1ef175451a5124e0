// The few names that every runtime (Node, Workers, the simulator) provides and that pure code needs.
// Keep it under ten; everything else comes in through a port.

declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: Uint8Array): string;
}

declare function atob(data: string): string;
declare function btoa(data: string): string;

interface JSON {
  /** ECMAScript's JSON.rawJSON: a number written as its text, so that a u64 is not rounded. */
  rawJSON(text: string): object;
}
