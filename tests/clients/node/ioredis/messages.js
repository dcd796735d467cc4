"use strict";
// Messages between applications with ioredis: channels, streams, and queues that workers wait at.

const { equal, ok, sameItems, eventually, range } = require("../check");

// Collects what a subscribed client hears.
function heardBy(client) {
  const heard = [];
  client.on("message", (channel, message) => heard.push(["message", channel, message]));
  client.on("pmessage", (pattern, channel, message) => heard.push(["pmessage", channel, message]));
  client.on("smessage", (channel, message) => heard.push(["smessage", channel, message]));
  return heard;
}

// A chat: two listeners, one of them by pattern; nothing after leaving; commands go on meanwhile.
async function pubsub(app) {
  const rooms = await app.open();
  const guard = await app.open();
  const inRooms = heardBy(rooms);
  const byGuard = heardBy(guard);
  equal("SUBSCRIBE", await rooms.subscribe("room:1", "room:2"), 2);
  equal("PSUBSCRIBE", await guard.psubscribe("room:*"), 1);
  const sent = range(60).map((number) => [`room:${1 + (number % 3)}`, `text ${number}`]);
  for (const [room, message] of sent) await app.client.publish(room, message);
  const own = sent.filter(([room]) => room !== "room:3").map((entry) => ["message", ...entry]);
  await eventually("the listener's messages", () => inRooms.length >= own.length);
  // A cluster client publishes at any node, so that only a server, or what looks like one, keeps the order.
  const check = app.cluster && !app.proxied ? sameItems : equal;
  for (const room of ["room:1", "room:2"])
    check(
      `what came in ${room}`,
      inRooms.filter((entry) => entry[1] === room),
      own.filter((entry) => entry[1] === room),
    );
  await eventually("the guard's messages", () => byGuard.length >= sent.length);
  sameItems(
    "what the guard heard",
    byGuard,
    sent.map((entry) => ["pmessage", ...entry]),
  );
  equal("UNSUBSCRIBE", await rooms.unsubscribe("room:1"), 1);
  await app.client.publish("room:1", "unheard");
  await app.client.publish("room:2", "heard");
  await eventually("a message after UNSUBSCRIBE", () => inRooms.length > own.length);
  equal("what came after UNSUBSCRIBE", inRooms.slice(own.length), [["message", "room:2", "heard"]]);
  equal("SET meanwhile", await app.client.set("k", "v"), "OK");
}

// Sharded channels; of one slot, as one SSUBSCRIBE demands.
async function shardedPubsub(app) {
  const listener = await app.open({}, { shardedSubscribers: true });
  const heard = heardBy(listener);
  await listener.ssubscribe("{shop}orders", "{shop}bills");
  await listener.ssubscribe("{depot}orders");
  const sent = range(30).map((number) => [
    ["{shop}orders", "{shop}bills", "{depot}orders"][number % 3],
    `n${number}`,
  ]);
  for (const [channel, message] of sent) await app.client.spublish(channel, message);
  await eventually("the messages", () => heard.length >= sent.length);
  sameItems(
    "what was heard",
    heard,
    sent.map((entry) => ["smessage", ...entry]),
  );
  await listener.sunsubscribe("{shop}bills");
  await app.client.spublish("{shop}bills", "unheard");
  await app.client.spublish("{shop}orders", "heard");
  await eventually("a message after SUNSUBSCRIBE", () => heard.length > sent.length);
  equal("what came after SUNSUBSCRIBE", heard.slice(sent.length), [["smessage", "{shop}orders", "heard"]]);
}

// Keyspace events of keys in many slots reach one listener.
async function notifications(app) {
  const listener = await app.open();
  const heard = heardBy(listener);
  await listener.psubscribe("__keyevent@0__:expired", "__keyspace@0__:note:*");
  for (const number of range(12)) {
    await app.client.hset(`note:${number}`, "text", "x");
    await app.client.set(`short:${number}`, "x", "PX", 20);
  }
  const expected = range(12).flatMap((number) => [
    ["pmessage", `__keyspace@0__:note:${number}`, "hset"],
    ["pmessage", "__keyevent@0__:expired", `short:${number}`],
  ]);
  await eventually("the events", () => heard.length >= expected.length);
  sameItems("the events", heard, expected);
}

// A work queue: eight workers wait at it, each job is done once, in vain nobody waits for ever.
async function blocking(app) {
  const jobs = range(200).map((number) => `job-${number}`);
  const done = [];
  const work = async (own) => {
    for (;;) {
      const answer = await own.blpop("queue", 8);
      ok("BLPOP: expected a job within 8 s", answer, answer);
      if (answer[1] === "stop") return;
      done.push(answer);
    }
  };
  const workers = (await Promise.all(range(8).map(() => app.open()))).map(work);
  for (const job of jobs) await app.client.rpush("queue", job);
  await eventually("all jobs done", () => done.length >= jobs.length);
  await app.client.rpush("queue", ...range(8).map(() => "stop"));
  await Promise.all(workers);
  sameItems(
    "the jobs done",
    done,
    jobs.map((job) => ["queue", job]),
  );
  const { client } = app;
  equal("BLPOP in vain", await client.blpop("nothing", 1), null);
  await client.rpush("{q}low", "l1");
  await client.rpush("{q}high", "h1", "h2");
  equal("BRPOP takes from the first list that has something", await client.brpop("{q}high", "{q}low", 5), [
    "{q}high",
    "h2",
  ]);
  equal("BLMOVE", await client.blmove("{q}high", "{q}doing", "LEFT", "RIGHT", 5), "h1");
  equal("BRPOPLPUSH", await client.brpoplpush("{q}low", "{q}doing", 5), "l1");
  equal("LRANGE", await client.lrange("{q}doing", 0, -1), ["l1", "h1"]);
  await client.zadd("urgent", 5, "later", 1, "soon");
  equal("BZPOPMIN", await client.bzpopmin("urgent", 5), ["urgent", "soon", "1"]);
  equal("BZPOPMAX", await client.bzpopmax("urgent", 5), ["urgent", "later", "5"]);
  await client.rpush("{q}many", "1", "2", "3");
  equal("BLMPOP", await client.blmpop(5, 2, "{q}none", "{q}many", "LEFT", "COUNT", 2), [
    "{q}many",
    ["1", "2"],
  ]);
}

// While one client waits, the others do not; what it waits for comes from them.
async function blockingNeighbours(app) {
  const waiter = await app.open();
  let got = null;
  const waiting = waiter.blpop("bell", 8).then((answer) => (got = answer));
  for (const number of range(200)) {
    equal("SET while another client waits", await app.client.set(`other:${number}`, number), "OK");
    equal("GET while another client waits", await app.client.get(`other:${number}`), String(number));
  }
  equal("what the waiting client has", got, null);
  await app.client.rpush("bell", "ring");
  equal("what it waited for", await waiting, ["bell", "ring"]);
  equal("LLEN afterwards", await app.client.llen("bell"), 0);
}

// Orders in a stream, taken by two consumers of a group; one of them fails and the other takes over.
async function streams({ client }) {
  const ids = [];
  for (const number of range(20)) ids.push(await client.xadd("orders", "*", "number", number));
  equal("XLEN", await client.xlen("orders"), 20);
  const event = (number) => [ids[number], ["number", String(number)]];
  equal("XRANGE", await client.xrange("orders", "-", "+", "COUNT", 2), [event(0), event(1)]);
  equal("XREAD", await client.xread("STREAMS", "orders", ids[17]), [["orders", [event(18), event(19)]]]);
  equal("XGROUP CREATE", await client.xgroup("CREATE", "orders", "shipping", "0"), "OK");
  const take = (name, count, from) =>
    client.xreadgroup("GROUP", "shipping", name, "COUNT", count, "STREAMS", "orders", from);
  equal("XREADGROUP of ann", await take("ann", 5, ">"), [["orders", range(5).map(event)]]);
  equal("XREADGROUP of bob", await take("bob", 5, ">"), [
    ["orders", range(5).map((number) => event(number + 5))],
  ]);
  equal("XACK", await client.xack("orders", "shipping", ...ids.slice(0, 4)), 4);
  const pending = await client.xpending("orders", "shipping");
  equal("XPENDING", pending, [
    6,
    ids[4],
    ids[9],
    [
      ["ann", "1"],
      ["bob", "5"],
    ],
  ]);
  const detailed = await client.xpending("orders", "shipping", "-", "+", 10);
  equal(
    "XPENDING of a range",
    detailed.map(([id, name]) => [id, name]),
    ids.slice(4, 10).map((id, number) => [id, number ? "bob" : "ann"]),
  );
  equal("XCLAIM", await client.xclaim("orders", "shipping", "ann", 0, ids[5]), [event(5)]);
  const claimed = await client.xautoclaim("orders", "shipping", "cy", 0, "0-0", "COUNT", 100);
  equal("XAUTOCLAIM", claimed.slice(0, 2), ["0-0", range(6).map((number) => event(number + 4))]);
  equal("XACK of them", await client.xack("orders", "shipping", ...ids.slice(4, 10)), 6);
  const groups = await client.xinfo("GROUPS", "orders");
  equal("XINFO GROUPS", groups[0].slice(0, 6), ["name", "shipping", "consumers", 3, "pending", 0]);
  equal(
    "XDEL, XTRIM",
    [await client.xdel("orders", ids[0]), await client.xtrim("orders", "MAXLEN", 10)],
    [1, 9],
  );
}

// XREAD and XREADGROUP of streams that are in several slots, without BLOCK.
async function streamsSlots({ client }) {
  const names = range(6).map((number) => `sensor:${number}`);
  const ids = {};
  for (const name of names) {
    ids[name] = [];
    for (const value of range(3)) ids[name].push(await client.xadd(name, "*", "value", value));
    await client.xgroup("CREATE", name, "g", "0");
  }
  const found = (answer) =>
    Object.fromEntries(answer.map(([name, entries]) => [name, entries.map(([id]) => id)]));
  const rest = await client.xread("STREAMS", ...names, ...names.map((name) => ids[name][0]));
  equal("XREAD", found(rest), Object.fromEntries(names.map((name) => [name, ids[name].slice(1)])));
  equal(
    "XREAD of nothing new",
    await client.xread("STREAMS", ...names, ...names.map((name) => ids[name][2])),
    null,
  );
  const taken = await client.xreadgroup(
    "GROUP",
    "g",
    "ann",
    "COUNT",
    2,
    "STREAMS",
    ...names,
    ...names.map(() => ">"),
  );
  equal("XREADGROUP", found(taken), Object.fromEntries(names.map((name) => [name, ids[name].slice(0, 2)])));
}

// Three workers of a group wait for events; each event is handled by exactly one of them.
async function streamsBlocking(app) {
  const { client } = app;
  await client.xgroup("CREATE", "events", "workers", "$", "MKSTREAM");
  const handled = [];
  let stop = false;
  const work = async (own, name) => {
    while (!stop) {
      const answer = await own.xreadgroup(
        "GROUP",
        "workers",
        name,
        "COUNT",
        3,
        "BLOCK",
        300,
        "STREAMS",
        "events",
        ">",
      );
      for (const [id, [, value]] of answer ? answer[0][1] : []) {
        handled.push(value);
        equal("XACK", await own.xack("events", "workers", id), 1);
      }
    }
  };
  const connections = await Promise.all(range(3).map(() => app.open()));
  const workers = connections.map((own, number) => work(own, `worker-${number}`));
  for (const number of range(60)) await client.xadd("events", "*", "n", number);
  await eventually("all events handled", () => handled.length >= 60);
  stop = true;
  await Promise.all(workers);
  sameItems("the events handled", handled, range(60).map(String));
  equal("XPENDING", (await client.xpending("events", "workers"))[0], 0);
  const reader = await app.open();
  const coming = reader.xread("BLOCK", 8000, "STREAMS", "events", "$");
  // XADD until the reader, which may not have begun to wait, has seen one.
  let seen = null;
  coming.then((answer) => (seen = answer));
  await eventually("XREAD BLOCK", async () => (await client.xadd("events", "*", "n", "new")) && seen);
  equal("XREAD BLOCK", [seen[0][0], seen[0][1][0][1]], ["events", ["n", "new"]]);
}

const plain = ({ cluster }) => !cluster;

module.exports = {
  pubsub: { run: pubsub },
  "sharded-pubsub": { run: shardedPubsub },
  notifications: { run: notifications, only: plain },
  blocking: { run: blocking },
  "blocking-neighbours": { run: blockingNeighbours },
  streams: { run: streams },
  "streams-slots": { run: streamsSlots, only: plain },
  "streams-blocking": { run: streamsBlocking },
};
