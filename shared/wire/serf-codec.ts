// All of serf's codecs as the one value that shared/serf is given.

import type { SerfCodec } from "../serf/types.ts";
import { decodeSerfMessage, encodeSerfMessage } from "./serf-messages.ts";
import {
  decodeAckPayload,
  decodeConflictResponse,
  decodeFilter,
  decodeKeyRequest,
  decodeKeyResponse,
  decodeTags,
  encodeAckPayload,
  encodeConflictResponse,
  encodeFilter,
  encodeKeyRequest,
  encodeKeyResponse,
  encodeTags,
} from "./serf-payloads.ts";

export const serfCodec: SerfCodec = {
  encode: encodeSerfMessage,
  decode: decodeSerfMessage,
  encodeTags,
  decodeTags,
  encodeFilter,
  decodeFilter,
  encodeConflictResponse,
  decodeConflictResponse,
  encodeKeyRequest,
  decodeKeyRequest,
  encodeKeyResponse,
  decodeKeyResponse,
  encodeAckPayload,
  decodeAckPayload,
};
