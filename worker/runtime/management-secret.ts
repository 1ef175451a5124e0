// The key to the whole Worker. Compared through digests, so that neither its length nor its first wrong character
// shows in the time an answer takes.

/** Where a request may carry its token, in Consul's order: header, bearer, query. "" when it brings none. */
export function tokenOf(request: Request): string {
  const header = request.headers.get("X-Consul-Token");
  if (header !== null && header !== "") return header;
  const bearer = /^Bearer\s+(.+)$/i.exec(request.headers.get("Authorization") ?? "")?.[1];
  if (bearer !== undefined) return bearer.trim();
  return new URL(request.url).searchParams.get("token") ?? "";
}

export async function isSecret(given: string, secret: string): Promise<boolean> {
  const [left, right] = await Promise.all([digest(given), digest(secret)]);
  return crypto.subtle.timingSafeEqual(left, right);
}

function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
