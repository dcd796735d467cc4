"use strict";
// Messages between applications with node-redis: channels, streams, and queues that workers wait at.

const { equal, ok, sameItems, eventually, range } = require("../check");

// A chat: two listeners, one of them by pattern; nothing after leaving; commands go on meanwhile.
async function pubsub(app) {
  const rooms = await app.open();
  const guard = await app.open();
  const inRooms = [];
  const byGuard = [];
  await rooms.subscribe(["room:1", "room:2"], (message, room) => inRooms.push([room, message]));
  await guard.pSubscribe("room:*", (message, room) => byGuard.push([room, message]));
  const sent = range(60).map((number) => [`room:${1 + (number % 3)}`, `text ${number}`]);
  for (const [room, message] of sent) await app.client.publish(room, message);
  const own = sent.filter(([room]) => room !== "room:3");
  await eventually("the listener's messages", () => inRooms.length >= own.length);
  // A cluster client publishes at any node, so that only a server, or what looks like one, keeps the order.
  const check = app.cluster && !app.proxied ? sameItems : equal;
  for (const room of ["room:1", "room:2"])
    check(
      `what came in ${room}`,
      inRooms.filter((entry) => entry[0] === room),
      own.filter((entry) => entry[0] === room),
    );
  await eventually("the guard's messages", () => byGuard.length >= sent.length);
  sameItems("what the guard heard", byGuard, sent);
  await rooms.unsubscribe("room:1");
  await app.client.publish("room:1", "unheard");
  await app.client.publish("room:2", "heard");
  await eventually("a message after UNSUBSCRIBE", () => inRooms.length > own.length);
  equal("what came after UNSUBSCRIBE", inRooms.slice(own.length), [["room:2", "heard"]]);
  equal("SET meanwhile", await app.client.set("k", "v"), "OK");
  // With RESP3 a subscribed connection takes commands too.
  if (app.resp3 && !app.cluster) equal("PING of a subscriber", await rooms.ping(), "PONG");
}

// Sharded channels, of two slots.
async function shardedPubsub(app) {
  const listener = await app.open();
  const heard = [];
  for (const channel of ["{shop}orders", "{shop}bills", "{depot}orders"])
    await listener.sSubscribe(channel, (message, from) => heard.push([from, message]));
  const sent = range(30).map((number) => [
    ["{shop}orders", "{shop}bills", "{depot}orders"][number % 3],
    `n${number}`,
  ]);
  for (const [channel, message] of sent) await app.client.sPublish(channel, message);
  await eventually("the messages", () => heard.length >= sent.length);
  sameItems("what was heard", heard, sent);
  await listener.sUnsubscribe("{shop}bills");
  await app.client.sPublish("{shop}bills", "unheard");
  await app.client.sPublish("{shop}orders", "heard");
  await eventually("a message after SUNSUBSCRIBE", () => heard.length > sent.length);
  equal("what came after SUNSUBSCRIBE", heard.slice(sent.length), [["{shop}orders", "heard"]]);
}

// A work queue: eight workers wait at it, each job is done once, in vain nobody waits for ever.
async function blocking(app) {
  const jobs = range(200).map((number) => `job-${number}`);
  const done = [];
  const work = async (own) => {
    for (;;) {
      const answer = await own.blPop("queue", 8);
      ok("BLPOP: expected a job within 8 s", answer, answer);
      if (answer.element === "stop") return;
      done.push(answer);
    }
  };
  const workers = (await Promise.all(range(8).map(() => app.open()))).map(work);
  for (const job of jobs) await app.client.rPush("queue", job);
  await eventually("all jobs done", () => done.length >= jobs.length);
  await app.client.rPush(
    "queue",
    range(8).map(() => "stop"),
  );
  await Promise.all(workers);
  sameItems(
    "the jobs done",
    done,
    jobs.map((element) => ({ key: "queue", element })),
  );
  const { client } = app;
  equal("BLPOP in vain", await client.blPop("nothing", 1), null);
  await client.rPush("{q}low", "l1");
  await client.rPush("{q}high", ["h1", "h2"]);
  equal("BRPOP takes from the first list that has something", await client.brPop(["{q}high", "{q}low"], 5), {
    key: "{q}high",
    element: "h2",
  });
  equal("BLMOVE", await client.blMove("{q}high", "{q}doing", "LEFT", "RIGHT", 5), "h1");
  equal("BRPOPLPUSH", await client.brPopLPush("{q}low", "{q}doing", 5), "l1");
  equal("LRANGE", await client.lRange("{q}doing", 0, -1), ["l1", "h1"]);
  await client.zAdd("urgent", [
    { score: 5, value: "later" },
    { score: 1, value: "soon" },
  ]);
  equal("BZPOPMIN", await client.bzPopMin("urgent", 5), { key: "urgent", value: "soon", score: 1 });
  equal("BZPOPMAX", await client.bzPopMax("urgent", 5), { key: "urgent", value: "later", score: 5 });
  await client.rPush("{q}many", ["1", "2", "3"]);
  equal("BLMPOP", await client.blmPop(5, ["{q}none", "{q}many"], "LEFT", { COUNT: 2 }), [
    "{q}many",
    ["1", "2"],
  ]);
}

// While one client waits, the others do not; what it waits for comes from them.
async function blockingNeighbours(app) {
  const waiter = await app.open();
  let got = null;
  const waiting = waiter.blPop("bell", 8).then((answer) => (got = answer));
  for (const number of range(200)) {
    equal("SET while another client waits", await app.client.set(`other:${number}`, String(number)), "OK");
    equal("GET while another client waits", await app.client.get(`other:${number}`), String(number));
  }
  equal("what the waiting client has", got, null);
  await app.client.rPush("bell", "ring");
  equal("what it waited for", await waiting, { key: "bell", element: "ring" });
  equal("LLEN afterwards", await app.client.lLen("bell"), 0);
}

// Orders in a stream, taken by two consumers of a group; one of them fails and the other takes over.
async function streams({ client }) {
  const ids = [];
  for (const number of range(20)) ids.push(await client.xAdd("orders", "*", { number: String(number) }));
  equal("XLEN", await client.xLen("orders"), 20);
  const event = (number) => ({ id: ids[number], message: { number: String(number) } });
  equal("XRANGE", await client.xRange("orders", "-", "+", { COUNT: 2 }), [event(0), event(1)]);
  equal("XREAD", await client.xRead({ key: "orders", id: ids[17] }), [
    { name: "orders", messages: [event(18), event(19)] },
  ]);
  equal("XGROUP CREATE", await client.xGroupCreate("orders", "shipping", "0"), "OK");
  const take = async (name, id) =>
    (await client.xReadGroup("shipping", name, { key: "orders", id }, { COUNT: 5 }))[0].messages;
  equal("XREADGROUP of ann", await take("ann", ">"), range(5).map(event));
  equal(
    "XREADGROUP of bob",
    await take("bob", ">"),
    range(5).map((number) => event(number + 5)),
  );
  equal("XACK", await client.xAck("orders", "shipping", ids.slice(0, 4)), 4);
  const pending = await client.xPending("orders", "shipping");
  equal("XPENDING", [pending.pending, pending.firstId, pending.lastId], [6, ids[4], ids[9]]);
  const detailed = await client.xPendingRange("orders", "shipping", "-", "+", 10);
  equal(
    "XPENDING of a range",
    detailed.map(({ id, consumer }) => [id, consumer]),
    ids.slice(4, 10).map((id, number) => [id, number ? "bob" : "ann"]),
  );
  equal("XCLAIM", await client.xClaim("orders", "shipping", "ann", 0, ids[5]), [event(5)]);
  const claimed = await client.xAutoClaim("orders", "shipping", "cy", 0, "0-0", { COUNT: 100 });
  equal(
    "XAUTOCLAIM",
    [claimed.nextId, claimed.messages],
    ["0-0", range(6).map((number) => event(number + 4))],
  );
  equal("XACK of them", await client.xAck("orders", "shipping", ids.slice(4, 10)), 6);
  const [group] = await client.xInfoGroups("orders");
  equal("XINFO GROUPS", [group.name, group.consumers, group.pending], ["shipping", 3, 0]);
  equal("XINFO STREAM", (await client.xInfoStream("orders")).length, 20);
  equal(
    "XDEL, XTRIM",
    [await client.xDel("orders", ids[0]), await client.xTrim("orders", "MAXLEN", 10)],
    [1, 9],
  );
}

// XREAD and XREADGROUP of streams that are in several slots, without BLOCK.
async function streamsSlots({ client }) {
  const names = range(6).map((number) => `sensor:${number}`);
  const ids = {};
  for (const name of names) {
    ids[name] = [];
    for (const value of range(3)) ids[name].push(await client.xAdd(name, "*", { value: String(value) }));
    await client.xGroupCreate(name, "g", "0");
  }
  const found = (answer) =>
    Object.fromEntries(answer.map(({ name, messages }) => [name, messages.map(({ id }) => id)]));
  const rest = await client.xRead(names.map((key) => ({ key, id: ids[key][0] })));
  equal("XREAD", found(rest), Object.fromEntries(names.map((name) => [name, ids[name].slice(1)])));
  equal("XREAD of nothing new", await client.xRead(names.map((key) => ({ key, id: ids[key][2] }))), null);
  const taken = await client.xReadGroup(
    "g",
    "ann",
    names.map((key) => ({ key, id: ">" })),
    { COUNT: 2 },
  );
  equal("XREADGROUP", found(taken), Object.fromEntries(names.map((name) => [name, ids[name].slice(0, 2)])));
}

// Three workers of a group wait for events; each event is handled by exactly one of them.
async function streamsBlocking(app) {
  const { client } = app;
  await client.xGroupCreate("events", "workers", "$", { MKSTREAM: true });
  const handled = [];
  let stop = false;
  const work = async (own, name) => {
    while (!stop) {
      const answer = await own.xReadGroup(
        "workers",
        name,
        { key: "events", id: ">" },
        { COUNT: 3, BLOCK: 300 },
      );
      for (const { id, message } of answer ? answer[0].messages : []) {
        handled.push(message.n);
        equal("XACK", await own.xAck("events", "workers", id), 1);
      }
    }
  };
  const workers = (await Promise.all(range(3).map(() => app.open()))).map((own, number) =>
    work(own, `worker-${number}`),
  );
  for (const number of range(60)) await client.xAdd("events", "*", { n: String(number) });
  await eventually("all events handled", () => handled.length >= 60);
  stop = true;
  await Promise.all(workers);
  sameItems("the events handled", handled, range(60).map(String));
  equal("XPENDING", (await client.xPending("events", "workers")).pending, 0);
  const reader = await app.open();
  // XADD until the reader, which may not have begun to wait, has seen one.
  let seen = null;
  reader.xRead({ key: "events", id: "$" }, { BLOCK: 8000 }).then((answer) => (seen = answer));
  await eventually("XREAD BLOCK", async () => (await client.xAdd("events", "*", { n: "new" })) && seen);
  equal("XREAD BLOCK", [seen[0].name, seen[0].messages[0].message], ["events", { n: "new" }]);
}

const plain = ({ cluster }) => !cluster;

module.exports = {
  pubsub: { run: pubsub },
  "sharded-pubsub": { run: shardedPubsub },
  blocking: { run: blocking },
  "blocking-neighbours": { run: blockingNeighbours },
  streams: { run: streams },
  "streams-slots": { run: streamsSlots, only: plain },
  "streams-blocking": { run: streamsBlocking },
};
