// Every limit, with its unit in the name, and whether it is Consul's (C) or ours (L).

export const limits = {
  kvValueBytesMax: 524_288, // C: limits.kv_max_value_size
  kvValueBytesHighest: 1 << 20, // L: what limits.kv_max_value_size may be set to; see logEntryBytesMax
  txnBytesHighest: 1_572_864, // L: what limits.txn_max_req_len may be set to: the largest value in base64, and more
  // L: a command as it stands in a row of the log. Rows hold 2 MB where servers are objects, and a chunk of a snapshot,
  // which is a row, too, is a quarter of a megabyte and one such entry.
  logEntryBytesMax: 1_600_000,
  requestBodyBytesMax: 4 << 20, // L: registrations and other JSON bodies; Consul has none and can be made to swap
  blockingQueryWaitMillisDefault: 300_000, // C: default_query_time
  blockingQueryWaitMillisMax: 600_000, // C: max_query_time
  rpcHoldMillis: 7_000, // C: how long a request waits for a leader before "No cluster leader"
  checkOutputBytesMax: 4_096, // C: check_output_max_size
  regexpLengthMax: 4_096, // L: characters of a regular expression
  regexpUnfoldedMax: 20_000, // L: its characters and classes with counted repetitions written out (80 ms to compile)
  metaPairsMax: 64, // C
  metaKeyBytesMax: 128, // C
  metaValueBytesMax: 512, // C
  checkIntervalMillisMin: 1_000, // C
  linkFrameBytesMax: 16 << 20, // L: one WebSocket frame between agent and server (the runtime allows 32 MiB)
  answerCharsMax: 12 << 20, // L: rows of one read; RPC between objects carries 32 MiB, of two bytes a character
  linkAnswerCharsMax: 8 << 20, // L: one answer; it is in memory several times while it is sent, and an object has 128 MB
  peerFrameBytesMax: 32 << 20, // L: one WebSocket frame between servers on port 8300
  peerQueuedMessagesMax: 512, // L: raft messages that wait for a connection, per peer; the oldest are dropped
  peerBufferedBytesMax: 64 << 20, // L: sent and not taken by the peer: the connection is given up
  serverPortConnectionsMax: 16_384, // L: agents and peers of one server on port 8300
  linkRequestsInFlightMax: 10_000, // L: per link
  waitersMax: 20_000, // L: blocking queries parked on one server
  answerCacheEntriesMax: 1_000, // L: results kept by one server because nothing they depend on changed
  answerCacheEntryCharsMax: 1 << 20, // L: of JSON; larger results are read anew
  answerCacheCharsMax: 8 << 20, // L: of JSON, all together (an object has 128 MB)
  knownAnswerCharsMax: 4 << 20, // L: of JSON; answers that an agent keeps because its server says when they change
  proposalQueueMax: 4_096, // L: commands waiting to be appended
  proposalQueueBytesMax: 16 << 20, // L
  raftBatchBytesMax: 1 << 20, // L: entries of one AppendEntries and of one persisted row (rows hold 2 MB)
  raftMessageCharsMax: 8 << 20, // L: entries or snapshot of one message; ours send a batch, or one entry or row if it is longer
  raftLogEntriesMax: 16_384, // C: raft_snapshot_threshold; the log is cut when it holds more
  raftLogEntriesKept: 10_000, // C: raft_trailing_logs
  raftInflightMessagesMax: 16, // L: per follower
  raftInflightBytesMax: 8 << 20, // L: per follower, of entries that it has not acknowledged
  tombstoneTtlMillis: 900_000, // C: 15 min
  tombstoneGranularityMillis: 30_000, // C: so long tombstones are collected before they are reaped together
  txnBytesMax: 524_288, // C: limits.txn_max_req_len
  kvPageEntriesMax: 10_000, // L: of one page of a listing
  kvPageCharsMax: 4 << 20, // L: of base64; a page of larger values ends before its limit
  kvDepthMax: 1_000, // L
  eventStreamsMax: 1_000, // L: ?watch streams open in one process or isolate
  eventHeartbeatMillis: 20_000, // L: an idle stream says something so often; proxies hang up after 30 to 60 s
  eventRetryMillis: 1_000, // L: when a client whose stream broke asks again
  txnOpsMax: 64, // C: 1.8
  sessionTtlMillisMin: 10_000, // C: session_ttl_min
  sessionTtlMillisMax: 86_400_000, // C
  kvTtlMillisMax: 31_622_400_000, // L: a year
  kvTtlMillisMin: 1_000, // L: shorter ones are a load on the leader, and nobody sees the difference
  expiriesPerEntryMax: 500, // L: keys that one log entry deletes because their time came
  httpHeaderBytesMax: 65_536, // L
  snapshotBytesMax: 32 << 20, // L: a snapshot file; it is held in memory while it is checked
  snapshotUnpackedBytesMax: 64 << 20, // L: its content, and the state that a snapshot is taken of
  configEntryCharactersMax: 256 << 10, // L: one entry as JSON
  userEventsKept: 256, // C: of each agent, and of the servers
  userEventIdsKept: 1_024, // L: of each agent, so that none is taken twice
  userEventAgeMillisMax: 60_000, // L: a server that catches up tells its agents of no event older than this
  remoteExecJobsMax: 16, // L: at once in one agent
  remoteExecOutputBytesMax: 4 << 20, // L: of one job on one node; the rest is dropped
  remoteExecMillisMax: 3_600_000, // L: a job is ended then
  debugLogBytesMax: 64 << 20, // L: log in the archive of `legate debug`; the rest is dropped
  userEventBytesMax: 512, // C: serf's user_event_size_limit
  preparedQueryCharactersMax: 64 << 10, // L: one definition as JSON
  coordinatePeriodMillis: 5_000, // C: how long a server collects coordinates before it writes them
  coordinateBatchSize: 128, // C
  coordinateBatchesMax: 5, // C: of one period; the rest is dropped
  gossipStreamsMax: 128, // C: push/pulls that are answered at once
  gossipStreamsBytesMax: 64 << 20, // L: what all streams together hold while they are received
  cacheEntriesMax: 4_096, // L: answers that an agent keeps for ?cached and DNS
  cacheIdleMillisMax: 259_200_000, // C: 72 h, after which an answer that nobody asks for is no longer kept current
  gossipPacketBytesMax: 1_400, // C: memberlist's UDPBufferSize, what a packet is filled up to
  gossipMetaBytesMax: 512, // C: a member's own tags, encoded
  gossipForeignMetaBytesMax: 1_024, // L: tags of others; memberlist takes any, but such an alive could not be passed on
  gossipNameBytesMax: 256, // L: name of a member
  gossipMembersMax: 100_000, // L: members known at once, dead ones included
  gossipIncarnationFirstMax: 0x8000_0000, // L: of a member that was not known: half of the 32 bits stay for refutations
  gossipIncarnationJumpMax: 1 << 24, // L: above what is known; further is a forgery that nobody could refute for long
  gossipRelaysMax: 1_024, // L: indirect pings under way for others
  gossipBroadcastsMax: 4_096, // C: MaxQueueDepth of serf, for each kind of user message
  gossipDatagramBytesMax: 65_536, // C: one datagram
  gossipDecompressedPacketBytesMax: 262_144, // L: all that may come out of one datagram
  gossipPacketMessagesMax: 2_048, // L: messages of one datagram
  gossipStreamBytesMax: 20 << 20, // C: one stream message, as sent and unpacked
  gossipUserStateBytesMax: 20 << 20, // C: serf's part of a push/pull
  gossipPushPullNodesMax: 65_536, // L: members in one push/pull (memberlist: 1 Mi)
  serfIntentsMax: 65_536, // L: intents about members that are not known yet
  serfOpenQueriesMax: 4_096, // L: queries of others that may still be answered
  serfOwnQueriesMax: 1_024, // L: queries of our own under way
  serfQueryFiltersMax: 64, // L: filters of one query
  serfEventBufferSlots: 512, // C: distinct times of user events (and of queries) that are remembered
  serfEventsPerTimeMax: 64, // L: user events of one logical time
  memberLossShareMax: 0.3, // L: when a larger share of the members vanishes together, nobody is expired
  memberLossCountMin: 3, // L: fewer than these are never a mass loss
  memberLossWindowMillis: 60_000, // L: what counts as together
  memberLossHoldMillis: 1_000, // L: a failure waits so long for each one that vanished with it
  memberLossHoldMillisMax: 30_000, // L
  memberLossNearMillis: 10_000, // L: it waits so long when one more would freeze
  linkLossGraceMillis: 30_000, // L: a link that ended may come back before its node counts as lost
  memberLossGraceMillis: 10_000, // L: after a freeze nobody is expired for so long
  memberPoolFirstMillis: 3_000, // L: a pool that the servers hear may say so long before a link that an agent lives
  memberVouchMillis: 900_000, // L: how long another agent's word keeps a node without a link
  memberVouchServerMillis: 180_000, // L: the same of a server's agent, which reports every minute
  memberVanishedShown: 100, // L: names in /v1/operator/health
  memberReportRowsMax: 100_000, // L: members of one report
  hclSourceCharactersMax: 16 << 20, // L: of one configuration file
  hclDepthMax: 100, // L: blocks, lists and objects in one another
  gossipKeysMax: 32, // L: keys of one keyring; each may be tried on each packet
} as const;
