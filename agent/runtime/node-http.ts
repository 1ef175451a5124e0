// node:http without its ES module face. Importing that reads every export once, also the lazy getters WebSocket,
// MessageEvent and CloseEvent, which load the whole of undici: 12 MB of memory and 20 ms of each start, never used.

export const { createServer, get, request } = process.getBuiltinModule("node:http");
