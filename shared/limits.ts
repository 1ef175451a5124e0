// Every limit, with its unit in the name, and whether it is Consul's (C) or ours (L).

export const limits = {
  kvValueBytesMax: 524_288, // C: limits.kv_max_value_size
  requestBodyBytesMax: 4 << 20, // L: registrations and other JSON bodies; Consul has none and can be made to swap
  blockingQueryWaitMillisDefault: 300_000, // C: default_query_time
  blockingQueryWaitMillisMax: 600_000, // C: max_query_time
  rpcHoldMillis: 7_000, // C: how long a request waits for a leader before "No cluster leader"
  checkOutputBytesMax: 4_096, // C: check_output_max_size
  metaPairsMax: 64, // C
  metaKeyBytesMax: 128, // C
  metaValueBytesMax: 512, // C
  checkIntervalMillisMin: 1_000, // C
  linkFrameBytesMax: 16 << 20, // L: one WebSocket frame between agent and server (the runtime allows 32 MiB)
  linkRequestsInFlightMax: 10_000, // L: per link
  waitersMax: 20_000, // L: blocking queries parked on one server
  proposalQueueMax: 4_096, // L: commands waiting to be appended
  proposalQueueBytesMax: 16 << 20, // L
  raftBatchBytesMax: 1 << 20, // L: entries of one AppendEntries and of one persisted row (rows hold 2 MB)
  raftInflightMessagesMax: 16, // L: per follower
  tombstoneTtlMillis: 900_000, // C: 15 min
  tombstoneGranularityMillis: 30_000, // C: so long tombstones are collected before they are reaped together
  sessionTtlMillisMin: 10_000, // C: session_ttl_min
  sessionTtlMillisMax: 86_400_000, // C
  kvTtlMillisMax: 31_622_400_000, // L: a year
  kvTtlMillisMin: 1_000, // L: shorter ones are a load on the leader, and nobody sees the difference
  expiriesPerEntryMax: 500, // L: keys that one log entry deletes because their time came
  httpHeaderBytesMax: 65_536, // L
  coordinatePeriodMillis: 5_000, // C: how long a server collects coordinates before it writes them
  coordinateBatchSize: 128, // C
  coordinateBatchesMax: 5, // C: of one period; the rest is dropped
  dnsUdpAnswerMax: 3, // C: udp_answer_limit
} as const;
