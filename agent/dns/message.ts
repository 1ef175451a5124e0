// A DNS query and reply as values, and the codec that turns them from and into bytes. The codec is a port because
// the library behind it brings Node's types; agent/runtime/dns-codec.ts implements it with dns-packet.

export const rcodes = { noError: 0, formErr: 1, servFail: 2, nxDomain: 3, notImp: 4, refused: 5 } as const;
export type Rcode = (typeof rcodes)[keyof typeof rcodes];

/** `type` is "A", "SRV", ... or "UNKNOWN_n"; the name keeps the case it was asked in. */
export type DnsQuestion = { readonly name: string; readonly type: string; readonly class: string };

export type DnsSoa = {
  readonly mname: string;
  readonly rname: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
};
export type DnsSrv = {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
};

type Owned<Type extends string, Data> = {
  readonly name: string;
  readonly type: Type;
  readonly ttl: number;
  readonly data: Data;
};
export type DnsRecord =
  | Owned<"A" | "AAAA" | "CNAME" | "NS" | "PTR", string>
  | Owned<"SRV", DnsSrv>
  | Owned<"SOA", DnsSoa>
  /** Split into strings of 255 bytes by the codec. */
  | Owned<"TXT", string>;

/** `clientSubnet` is the option's data as it came (RFC 7871), echoed with a scope of 0. */
export type Edns = { readonly udpSize: number; readonly clientSubnet: Uint8Array | null };

export type DnsQuery = {
  readonly id: number;
  readonly opcode: number;
  readonly recursionDesired: boolean;
  /** DNSSEC's CD bit, which comes back as it was. */
  readonly checkingDisabled?: true;
  /** Null when the packet ends behind a header that promises a question. */
  readonly question: DnsQuestion | null;
  readonly edns: Edns | null;
};

export type DnsReply = {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
  /** Whether the client's OPT is echoed. */
  readonly edns: boolean;
  /** This server asks others for names that are not its own. */
  readonly recursionAvailable?: boolean;
  /** Something was left out. */
  readonly truncated?: boolean;
  /** Names are written in full. */
  readonly uncompressed?: boolean;
};

export type Decoded =
  | { readonly kind: "query"; readonly query: DnsQuery }
  /** Answered with FORMERR: the header could be read. */
  | { readonly kind: "malformed"; readonly id: number; readonly recursionDesired: boolean }
  /** Too short for a header, or itself a response: nothing is sent back. */
  | { readonly kind: "ignored" };

export type DnsCodec = {
  decode(packet: Uint8Array): Decoded;
  /** The reply's bytes with names compressed. */
  encode(query: DnsQuery, reply: DnsReply): Uint8Array;
  /** A question of our own to a recursor. */
  encodeQuestion(id: number, name: string, type: string): Uint8Array;
  /** Return code and those answers of a recursor's reply that are of our kinds; null when it is no reply. */
  decodeReply(packet: Uint8Array): { readonly rcode: number; readonly answers: readonly DnsRecord[] } | null;
};
