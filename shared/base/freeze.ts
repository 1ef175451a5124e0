// Values that many readers share are frozen, so that none of them can change what the others see.

/** Freezes a plain value and all that is in it; what is frozen already is left alone. */
export function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
}
