// Versions that this agent states. Tools ask Config.Version and the build tag to learn which API they speak to.

/** The Consul whose API and texts Legate follows. */
export const consulVersion = "1.8.7";
/** The build tag of members, in Consul's form: version and revision. */
export const consulBuild = `${consulVersion}:`;
