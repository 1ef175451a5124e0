// Bodies of Catalog.Register and Catalog.Deregister after parsing: complete and typed.

export type ServiceRegistration = Omit<import("./service.ts").NodeService, "CreateIndex" | "ModifyIndex">;
export type CheckRegistration = Omit<
  import("./check.ts").HealthCheck,
  "CreateIndex" | "ModifyIndex" | "ServiceName" | "ServiceTags"
> & {
  /** Kept for a check of no service only; a service's check shows that service's. */
  readonly ServiceName?: string;
  readonly ServiceTags?: readonly string[];
};

export type RegisterRequest = {
  readonly Datacenter: string;
  readonly ID: string;
  readonly Node: string;
  readonly Address: string;
  readonly TaggedAddresses: Record<string, string> | null;
  readonly NodeMeta: Record<string, string> | null;
  readonly Service: ServiceRegistration | null;
  readonly Checks: readonly CheckRegistration[];
  /** Leave an existing node row as it is; a missing node is still created. */
  readonly SkipNodeUpdate: boolean;
};

/** Neither ServiceID nor CheckID: the whole node. */
export type DeregisterRequest = {
  readonly Datacenter: string;
  readonly Node: string;
  readonly ServiceID: string;
  readonly CheckID: string;
};
