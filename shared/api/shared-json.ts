// The JSON of a value that many replies share. A server keeps a result that did not change as one frozen object
// (worker/server/answer-cache.ts); its text is made once, a long one as the bytes that go out, and goes with the object.

/** From here on it pays to encode once: shorter texts go out in one piece with their headers. */
const bytesCharsMin = 4_096;

const encoder = new TextEncoder();
const plainTexts = new WeakMap<object, string | Uint8Array>();
const prettyTexts = new WeakMap<object, string | Uint8Array>();

/** `print`s a frozen value once, any other value each time. A value has one printer. */
export function sharedJson<T extends object>(
  value: T,
  pretty: boolean,
  print: (value: T, pretty: boolean) => string,
): string | Uint8Array {
  if (!Object.isFrozen(value)) return print(value, pretty);
  const texts = pretty ? prettyTexts : plainTexts;
  const kept = texts.get(value);
  if (kept !== undefined) return kept;
  const text = print(value, pretty);
  const body = text.length < bytesCharsMin ? text : encoder.encode(text);
  texts.set(value, body);
  return body;
}
