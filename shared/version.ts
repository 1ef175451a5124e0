// Versions that agents and servers state. Tools ask Config.Version and the build tag to learn which API they speak to.

export const legateVersion = "0.1.0";
/** The Consul whose API and texts Legate follows: what scripts and clients compare with. */
export const consulVersion = "1.8.7";
/** The build tag of members, in Consul's form: version and revision. */
export const consulBuild = `${consulVersion}:`;
