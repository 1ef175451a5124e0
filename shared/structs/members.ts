// A member of the pool as /v1/agent/members shows it (serf's fields).

/** 0 none, 1 alive, 2 leaving, 3 left, 4 failed. */
export type MemberStatus = 0 | 1 | 2 | 3 | 4;

export type Member = {
  Name: string;
  Addr: string;
  Port: number;
  Tags: Record<string, string>;
  Status: MemberStatus;
  ProtocolMin: number;
  ProtocolMax: number;
  ProtocolCur: number;
  DelegateMin: number;
  DelegateMax: number;
  DelegateCur: number;
};

export const memberStatusNames = ["none", "alive", "leaving", "left", "failed"] as const;
