// Follows Quill's letters, each event exactly once into a file, whatever breaks. Usage: node dist/follow.js NAME [START]
//
// NAME is the durable's name (partner-something); the file is NAME.tsv. START is a sequence number or a time such as
// 2026-05-14T09:30:00Z, for a new durable. The file is the effect and the memory in one: a line that is there was handled.
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, nanos } from "@nats-io/transport-node";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const [name, start] = process.argv.slice(2);
if (!name) throw new Error("usage: node dist/follow.js NAME [START]");

function open(path: string): { file: number; handled: Set<string> } {
  if (!existsSync(path)) closeSync(openSync(path, "a"));
  const text = readFileSync(path);
  const whole = text.subarray(0, text.lastIndexOf("\n") + 1); // a crash may have cut the last line off
  truncateSync(path, whole.length);
  const ids = whole.toString().split("\n").map((line) => line.split("\t")[0]);
  return { file: openSync(path, "a"), handled: new Set(ids) };
}

function beginning(): object {
  if (!start) return { deliver_policy: DeliverPolicy.All };
  if (/^\d+$/.test(start)) return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Number(start) };
  return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: start };
}

const { file, handled } = open(`${name}.tsv`);
const client = await connect({
  servers: process.env.NATS_URL,
  user: process.env.NATS_USER,
  pass: process.env.NATS_PASSWORD,
  inboxPrefix: "_INBOX_partner",
  maxReconnectAttempts: -1,
});
const manager = await jetstreamManager(client, { checkAPI: false });
const durable = { durable_name: name, filter_subject: "quill.letters.v1.>", ack_policy: AckPolicy.Explicit };
await manager.consumers.add("LETTERS", { ...durable, ack_wait: nanos(10_000), ...beginning() });
const consumer = await jetstream(client, { checkAPI: false }).consumers.get("LETTERS", name);

while (true) {
  const message = await consumer.next({ expires: 5_000 }).catch(() => null); // the broker is away
  if (!message) {
    await sleep(100);
    continue;
  }
  const id = message.headers!.get("ce-id");
  if (!handled.has(id)) {
    writeSync(file, `${id}\t${message.subject}\t${message.string()}\n`);
    fsyncSync(file);
    handled.add(id);
    console.log(id, message.subject, message.string());
  }
  message.ack(); // one that is lost brings the event again, and its line is there
}
