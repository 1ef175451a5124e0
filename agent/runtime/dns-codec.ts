// DNS packets from and to bytes with dns-packet, and with names compressed (RFC 1035 4.1.4), which it does not do.

import { Buffer } from "node:buffer";
import dnsPacket, { type Answer, type OptAnswer, type Packet, type RecordType } from "dns-packet";
import type { Decoded, DnsCodec, DnsQuery, DnsRecord, DnsReply, Edns } from "../dns/message.ts";
import { compressNames } from "./dns-compress.ts";

const headerBytes = 12;
const responseBit = 0x8000;
const clientSubnetCode = 8;

export const dnsCodec: DnsCodec = { decode, encode, encodeQuestion, decodeReply };

function decode(packet: Uint8Array): Decoded {
  const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
  if (bytes.length < headerBytes) return { kind: "ignored" };
  const flags = bytes.readUInt16BE(2);
  if ((flags & responseBit) !== 0) return { kind: "ignored" };
  const id = bytes.readUInt16BE(0);
  const recursionDesired = (flags & dnsPacket.RECURSION_DESIRED) !== 0;
  const opcode = (flags >> 11) & 15;
  const malformed: Decoded = { kind: "malformed", id, recursionDesired };
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
  if (questions !== 1 || answers! > 1 || authorities! > 1 || additionals! > 2) return malformed;
  const isUnchecked = (flags & dnsPacket.CHECKING_DISABLED) !== 0;
  const head = { id, opcode, recursionDesired, ...(isUnchecked ? { checkingDisabled: true as const } : {}) };
  if (bytes.length === headerBytes) return { kind: "query", query: { ...head, question: null, edns: null } };
  try {
    const decoded = dnsPacket.decode(bytes);
    const asked = decoded.questions?.[0];
    if (asked === undefined || !isSameQuestion(asked, bytes)) return malformed;
    const question = { name: asked.name, type: asked.type, class: asked.class ?? "IN" };
    return { kind: "query", query: { ...head, question, edns: ednsOf(decoded.additionals ?? []) } };
  } catch {
    return malformed;
  }
}

/** The question can be echoed byte for byte: no strange bytes in its name, no unknown class. */
function isSameQuestion(question: NonNullable<Packet["questions"]>[number], bytes: Buffer): boolean {
  const again = dnsPacket.encode({ type: "query", questions: [question] }).subarray(headerBytes);
  return bytes.subarray(headerBytes, headerBytes + again.length).equals(again);
}

function ednsOf(additionals: readonly Answer[]): Edns | null {
  const opt = additionals.find((one): one is OptAnswer => one.type === "OPT");
  if (opt === undefined) return null;
  const subnet = opt.options.find((option) => Number(option.code) === clientSubnetCode)?.data;
  return {
    udpSize: opt.udpPayloadSize,
    clientSubnet: subnet !== undefined && subnet.length >= 4 ? subnet : null,
  };
}

function encode(query: DnsQuery, reply: DnsReply): Uint8Array {
  const { question } = query;
  const flags =
    (query.opcode << 11) |
    (reply.authoritative ? dnsPacket.AUTHORITATIVE_ANSWER : 0) |
    (reply.truncated === true ? dnsPacket.TRUNCATED_RESPONSE : 0) |
    (reply.recursionAvailable === true ? dnsPacket.RECURSION_AVAILABLE : 0) |
    (query.recursionDesired ? dnsPacket.RECURSION_DESIRED : 0) |
    (query.checkingDisabled === true && query.opcode === 0 ? dnsPacket.CHECKING_DISABLED : 0) |
    reply.rcode;
  const additionals = reply.additionals.map(toAnswer);
  if (reply.edns && query.edns !== null) additionals.push(optOf(query.edns));
  const packet: Packet = {
    type: "response",
    id: query.id,
    flags,
    questions:
      question === null
        ? []
        : [{ name: question.name, type: question.type as RecordType, class: question.class as "IN" }],
    answers: reply.answers.map(toAnswer),
    authorities: reply.authorities.map(toAnswer),
    additionals,
  };
  const bytes = dnsPacket.encode(packet);
  return reply.uncompressed === true ? bytes : compressNames(bytes);
}

function encodeQuestion(id: number, name: string, type: string): Uint8Array {
  const questions = [{ name, type: type as RecordType }];
  return dnsPacket.encode({ type: "query", id, flags: dnsPacket.RECURSION_DESIRED, questions });
}

function decodeReply(packet: Uint8Array): ReturnType<DnsCodec["decodeReply"]> {
  const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
  if (bytes.length < headerBytes || (bytes.readUInt16BE(2) & responseBit) === 0) return null;
  try {
    const { answers = [] } = dnsPacket.decode(bytes);
    return { rcode: bytes.readUInt16BE(2) & 15, answers: answers.flatMap(fromAnswer) };
  } catch {
    return null;
  }
}

function fromAnswer(answer: Answer): DnsRecord[] {
  if (answer.type !== "A" && answer.type !== "AAAA" && answer.type !== "CNAME") return [];
  const data = answer.type === "CNAME" ? `${answer.data.replace(/\.$/, "")}.` : answer.data;
  return [{ name: `${answer.name.replace(/\.$/, "")}.`, type: answer.type, ttl: answer.ttl ?? 0, data }];
}

function toAnswer(record: DnsRecord): Answer {
  if (record.type !== "TXT") return record;
  const bytes = Buffer.from(record.data);
  const strings: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += 255) strings.push(bytes.subarray(at, at + 255));
  return { name: record.name, type: "TXT", ttl: record.ttl, data: strings };
}

function optOf(edns: Edns): OptAnswer {
  const options: OptAnswer["options"] = [];
  if (edns.clientSubnet !== null) {
    const data = Buffer.from(edns.clientSubnet);
    data[3] = 0; // scope: the answer is the same for every client
    options.push({ code: clientSubnetCode, type: "CLIENT_SUBNET", ip: undefined, data });
  }
  return {
    name: ".",
    type: "OPT",
    udpPayloadSize: edns.udpSize,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options,
  };
}
