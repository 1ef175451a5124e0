// The command line where it needs settings: keys of gossip, remote execution, programs that a watch runs, waiting locks.

import { type Area, cli, file, get, put, scenario } from "../steps.ts";

/** Consul shows output and end of a job in either order. */
const anyOrder = { ignore: [/[\s\S]*/] };
const key = "pUqJrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s=";
const other = "CAqKrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s=";

export const cliKeyring: Area = {
  name: "cli-keyring",
  config: { encrypt: key },
  scenarios: [
    scenario(
      "life of a key",
      cli(["keyring", "-list"]),
      cli(["keyring", "-list-primary"]),
      cli(["keyring", "-list", "-local-only"]),
      cli(["keyring", "-list", "-relay-factor=2"]),
      cli(["keyring", "-use", other]),
      cli(["keyring", "-install", other]),
      cli(["keyring", "-use", other]),
      cli(["keyring", "-list-primary"]),
      cli(["keyring", "-remove", other]),
      cli(["keyring", "-remove", key]),
      cli(["keyring", "-list"]),
      cli(["keyring", "-install", "short"]),
      cli(["keyring", "-install", "c2hvcnQ="]),
      cli(["keyring", "-install", key, "-use", key]),
    ),
  ],
};

export const cliExec: Area = {
  name: "cli-exec",
  config: { disable_remote_exec: false },
  scenarios: [
    scenario(
      "remote execution",
      cli(["exec", "echo hello"], anyOrder),
      cli(["exec", "exit 3"]),
      cli(["exec", "-node=nope", "true"]),
      cli(["exec", "-node=dev", "echo", "two", "words"], anyOrder),
      cli(["exec", "-shell=false", "echo", "no shell"], anyOrder),
      cli(["exec", "-"], { stdin: "echo script\n", ...anyOrder }),
      cli(["exec", "echo out; echo err >&2"], anyOrder),
      cli(["exec", "printf 'no newline'"], anyOrder),
      get("/v1/kv/?keys"),
    ),
    scenario(
      "programs of a watch",
      put("/v1/kv/a", "1"),
      cli(["watch", "-type=key", "-key=a", "cat; exit 1"]),
      cli(["watch", "-type=keyprefix", "-prefix=a", "cat; exit 2"]),
      cli(["watch", "-type=services", "-shell=false", "false"]),
      cli(["watch", "-type=services", "-shell=false", "nosuchprogram"]),
      cli(["watch", "-type=key", "-key=a", 'test -n "$CONSUL_INDEX" && echo has an index; exit 1']),
      file("handler.sh", "#!/bin/sh\nexit 1\n"),
      cli(["watch", "-type=key", "-key=a", "sh", "handler.sh"]),
    ),
    scenario(
      "words that are none",
      ...[
        "bogus",
        "kvx",
        "session",
        "config bogus",
        "operator raft bogus",
        "snapshot bogus",
        "kv get -bogus",
      ].map((words) => cli(words.split(" "))),
    ),
  ],
};
