"use strict";
// Applications that ask a sentinel where to go, with ioredis. Slotway answers as one (sentinel_view) and names itself.

const { equal, ok, eventually, rejects, range } = require("../check");

const plain = ({ cluster }) => !cluster;

// A client that has asked the sentinel for the primary, or for a replica.
async function find(app, options = {}) {
  const client = await app.open({
    sentinels: [{ host: app.host, port: app.port }],
    name: "mymaster",
    // ioredis begins its list of sentinels anew only by a retry, so that to reconnect takes one.
    sentinelRetryStrategy: (times) => (times > 2 ? null : 20),
    ...options,
  });
  const { remoteAddress, remotePort } = client.stream;
  if (app.proxied) equal("where it is connected", `${remoteAddress}:${remotePort}`, app.address);
  return client;
}

// Ready once more; not `once` of node:events, which the error that ioredis reports at each retry would end.
const again = (client) => new Promise((resolve) => client.once("ready", resolve));

// The primary is found by its name, written to, and found again after its connection has been closed.
async function sentinel(app) {
  const client = await find(app);
  for (const number of range(50)) {
    equal("SET", await client.set(`user:${number}`, number), "OK");
    equal("GET", await client.get(`user:${number}`), String(number));
  }
  const pipe = client.pipeline();
  for (const number of range(50)) pipe.incr(`user:${number}`).get(`user:${number}`);
  const answers = range(50).flatMap((number) => [
    [null, number + 1],
    [null, String(number + 1)],
  ]);
  equal("a pipeline over slots", await pipe.exec(), answers);
  equal("EXEC", await client.multi().set("{t}a", "x").incr("{t}n").get("{t}a").exec(), [
    [null, "OK"],
    [null, 1],
    [null, "x"],
  ]);
  await rejects("another name", "All sentinels are unreachable", () => find(app, { name: "other" }));
  await reconnect(app, client);
}

async function reconnect(app, killer) {
  const client = await find(app, { retryStrategy: () => 50 });
  for (const round of range(3)) {
    const old = await client.client("ID");
    const ready = again(client);
    equal("CLIENT KILL", await killer.client("KILL", "ID", old), 1);
    await ready;
    ok("CLIENT ID: expected another than before", (await client.client("ID")) !== old, old);
    equal("SET after it", await client.set("round", round), "OK");
    equal("GET after it", await client.get("round"), String(round));
    equal("a pipeline after it", await client.pipeline().get("round").get("user:7").exec(), [
      [null, String(round)],
      [null, "8"],
    ]);
  }
}

// A replica is found by the primary's name and read from; what the primary has taken arrives there.
async function sentinelReplica(app) {
  const client = await find(app);
  for (const number of range(50)) equal("SET", await client.set(`page:${number}`, `text ${number}`), "OK");
  const replica = await find(app, { role: "slave", retryStrategy: (times) => (times > 3 ? null : 50) });
  // A replica may be behind.
  await eventually("the last value", async () => (await replica.get("page:49")) === "text 49");
  const pipe = replica.pipeline();
  for (const number of range(50)) {
    equal("GET", await replica.get(`page:${number}`), `text ${number}`);
    pipe.get(`page:${number}`);
  }
  equal(
    "a pipeline over slots",
    await pipe.exec(),
    range(50).map((number) => [null, `text ${number}`]),
  );
  const old = await replica.client("ID");
  const killer = await find(app, { role: "slave" });
  const ready = again(replica);
  equal("CLIENT KILL", await killer.client("KILL", "ID", old), 1);
  await ready;
  equal("GET on a new connection", await replica.get("page:7"), "text 7");
}

module.exports = {
  sentinel: { run: sentinel, only: plain },
  "sentinel-replica": { run: sentinelReplica, only: plain },
};
