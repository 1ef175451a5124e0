// The process's signals as Consul treats them: SIGHUP reloads, SIGINT and SIGTERM end, a second of those ends at once.

export type SignalHandlers = {
  reload(): void;
  interrupt(): void;
  terminate(): void;
  /** The second SIGINT or SIGTERM. */
  force(): void;
};

/** Starts listening; the returned function stops it. */
export function onSignals(handlers: SignalHandlers): () => void {
  let ending = false;
  const end = (body: () => void) => () => {
    if (ending) handlers.force();
    else {
      ending = true;
      body();
    }
  };
  const table: readonly (readonly [NodeJS.Signals, () => void])[] = [
    ["SIGHUP", () => handlers.reload()],
    ["SIGINT", end(() => handlers.interrupt())],
    ["SIGTERM", end(() => handlers.terminate())],
    ["SIGPIPE", () => {}],
  ];
  for (const [signal, body] of table) process.on(signal, body);
  return () => {
    for (const [signal, body] of table) process.off(signal, body);
  };
}
