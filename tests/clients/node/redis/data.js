"use strict";
// Keys and values with node-redis: what most applications do all day.

const { equal, ok, between, sameItems, rejects, eventually, range } = require("../check");

// A shop's sessions: made at login, prolonged at each visit, gone after logout; a token is taken only once.
async function sessions({ client }) {
  const users = range(60).map((number) => `user-${number}`);
  await Promise.all(
    users.map(async (user) => {
      equal(
        "HSET of a new session",
        await client.hSet(`session:${user}`, { name: user, visits: 0, cart: "[]" }),
        3,
      );
      equal("EXPIRE", await client.expire(`session:${user}`, 1800), 1);
      for (const visit of [1, 2]) {
        equal("HINCRBY", await client.hIncrBy(`session:${user}`, "visits", 1), visit);
        equal("HGETALL", await client.hGetAll(`session:${user}`), {
          name: user,
          visits: String(visit),
          cart: "[]",
        });
        between("TTL", await client.ttl(`session:${user}`), 1, 1800);
      }
    }),
  );
  for (const user of users.slice(0, 30)) equal("DEL at logout", await client.del(`session:${user}`), 1);
  for (const [number, user] of users.entries())
    equal("EXISTS after the logouts", await client.exists(`session:${user}`), number < 30 ? 0 : 1);
  const options = { expiration: { type: "EX", value: 60 }, condition: "NX" };
  equal("SET NX of a new token", await client.set("token", "secret", options), "OK");
  equal("SET NX of an old token", await client.set("token", "other", options), null);
  equal("GETEX", await client.getEx("token", { type: "PX", value: 90000 }), "secret");
  between("PTTL after GETEX", await client.pTTL("token"), 60001, 90000);
  equal("GETDEL", [await client.getDel("token"), await client.getDel("token")], ["secret", null]);
  await client.set("page", "old");
  equal("SET GET", await client.set("page", "new", { GET: true }), "old");
}

// Page views, a leaderboard and visitors, counted by five clients at once.
async function counters(app) {
  const writers = await Promise.all(range(5).map(() => app.open()));
  const answers = range(10).map(() => []);
  await Promise.all(
    writers.map(async (own, writer) => {
      for (const round of range(30)) {
        await Promise.all(range(10).map(async (page) => answers[page].push(await own.incr(`views:${page}`))));
        await own.hIncrBy("totals", "views", 10);
        await own.zIncrBy("leaders", writer + 1, `writer-${writer}`);
        await own.pfAdd("visitors", `visitor-${round % 10}`);
      }
    }),
  );
  for (const page of range(10)) {
    equal(`views of page ${page}`, await app.client.get(`views:${page}`), "150");
    sameItems(
      `the answers of INCR for page ${page}`,
      answers[page],
      range(150).map((count) => count + 1),
    );
  }
  equal("HGET of the total", await app.client.hGet("totals", "views"), "1500");
  const leaders = range(5)
    .reverse()
    .map((writer) => ({ value: `writer-${writer}`, score: 30 * (writer + 1) }));
  equal("ZRANGE REV", await app.client.zRangeWithScores("leaders", 0, -1, { REV: true }), leaders);
  equal("PFCOUNT", await app.client.pfCount("visitors"), 10);
  equal(
    "INCRBY, DECRBY",
    [await app.client.incrBy("stock", 50), await app.client.decrBy("stock", 8)],
    [50, 42],
  );
  equal("INCRBYFLOAT", Number(await app.client.incrByFloat("price", 10.5)), 10.5);
}

// A cache that is filled, read and dropped many keys at a time; a cluster client does so within a slot.
async function multikey(app) {
  const { client } = app;
  const name = (number) => (app.cluster ? `{cache}:${number}` : `cache:${number}`);
  const values = Object.fromEntries(range(300).map((number) => [name(number), `value-${number}`]));
  const keys = Object.keys(values);
  equal("MSET", await client.mSet(values), "OK");
  const asked = [keys[7], name("missing"), ...keys, keys[7]];
  equal(
    "MGET",
    await client.mGet(asked),
    asked.map((key) => values[key]),
  );
  equal("EXISTS counts each mention", await client.exists([keys[0], keys[0], name("missing"), keys[9]]), 3);
  equal("TOUCH", await client.touch(keys.slice(0, 50)), 50);
  equal("UNLINK", await client.unlink(keys.slice(0, 100)), 100);
  equal("DEL", await client.del(keys), 200);
  equal("EXISTS afterwards", await client.exists(keys), 0);
  equal("MSETNX", await client.mSetNX({ "{cart}a": "1", "{cart}b": "2" }), 1);
  equal("MSETNX of which one exists", await client.mSetNX({ "{cart}b": "1", "{cart}c": "2" }), 0);
  await client.sAdd("{tags}red", ["apple", "rose"]);
  await client.sAdd("{tags}round", ["apple", "ball"]);
  equal("SUNIONSTORE", await client.sUnionStore("{tags}all", ["{tags}red", "{tags}round"]), 3);
  equal("SINTER", await client.sInter(["{tags}red", "{tags}round"]), ["apple"]);
}

// A bulk import in one write, with an error in the middle, and a thousand commands at once.
async function pipeline(app) {
  const { client } = app;
  const tag = app.cluster ? "{import}" : "";
  const pipe = client.multi();
  const expected = [];
  for (const number of range(300)) {
    pipe
      .set(`${tag}record:${number}`, String(number))
      .hSet(`${tag}details:${number}`, "a", "1")
      .incr(`${tag}record:${number}`);
    expected.push("OK", 1, number + 1);
  }
  equal("a pipeline of 900", await pipe.execAsPipeline(), expected);
  const mixed = [client.set(`${tag}text`, "words"), client.incr(`${tag}text`), client.get(`${tag}text`)];
  const settled = await Promise.allSettled(mixed);
  equal("before and after an error", [settled[0].value, settled[2].value], ["OK", "words"]);
  ok(
    "INCR of a text",
    String(settled[1].reason).includes("value is not an integer or out of range"),
    settled[1],
  );
  const order = await Promise.all(range(1000).map((number) => client.get(`${tag}record:${number}`)));
  equal(
    "a thousand GETs at once",
    order,
    range(1000).map((number) => (number < 300 ? String(number + 1) : null)),
  );
}

// A pool of connections.
async function pool(app) {
  const clients = await app.connect(
    app.nodeRedis.createClientPool({ socket: app.socket() }, { minimum: 2, maximum: 6 }),
  );
  await Promise.all(range(300).map((number) => clients.set(`pool:${number}`, String(number))));
  const got = await Promise.all(range(300).map((number) => clients.get(`pool:${number}`)));
  equal("GET", got, range(300).map(String));
  const answers = await clients.execute(async (own) => [await own.incr("n"), await own.incr("n")]);
  equal("two commands on one connection", answers, [1, 2]);
}

// Lists, sets, sorted sets, places and bit fields, each as one application uses it.
async function collections({ client }) {
  equal(
    "RPUSH",
    await client.rPush(
      "todo",
      range(100).map((number) => `task-${number}`),
    ),
    100,
  );
  equal("LRANGE", await client.lRange("todo", 0, 1), ["task-0", "task-1"]);
  equal(
    "LPOS, LINDEX",
    [await client.lPos("todo", "task-9"), await client.lIndex("todo", -1)],
    [9, "task-99"],
  );
  equal("LPOP of two", await client.lPopCount("todo", 2), ["task-0", "task-1"]);
  equal("LTRIM, LLEN", [await client.lTrim("todo", 0, 9), await client.lLen("todo")], ["OK", 10]);
  equal("SADD", await client.sAdd("friends", ["ann", "bob", "cy"]), 3);
  equal("SMISMEMBER", await client.smIsMember("friends", ["ann", "zoe"]), [1, 0]);
  equal("SMEMBERS", new Set(await client.sMembers("friends")), new Set(["cy", "bob", "ann"]));
  const scores = range(50).map((number) => ({ score: number * 1.5, value: `player-${number}` }));
  equal("ZADD", await client.zAdd("scores", scores), 50);
  const raised = { score: 99.25, value: "player-1" };
  equal("ZADD GT CH", await client.zAdd("scores", raised, { comparison: "GT", CH: true }), 1);
  equal("ZRANGE REV", await client.zRangeWithScores("scores", 0, 1, { REV: true }), [raised, scores[49]]);
  equal("ZRANGE BYSCORE", await client.zRange("scores", 3, "(6", { BY: "SCORE" }), ["player-2", "player-3"]);
  equal(
    "ZRANK, ZSCORE",
    [await client.zRank("scores", "player-0"), await client.zScore("scores", "player-2")],
    [0, 3],
  );
  equal("ZPOPMIN", await client.zPopMinCount("scores", 2), [scores[0], scores[2]]);
  equal("ZMSCORE", await client.zmScore("scores", ["player-3", "nobody"]), [4.5, null]);
  await client.geoAdd("places", [
    { longitude: 13.361389, latitude: 38.115556, member: "Palermo" },
    { longitude: 15.087269, latitude: 37.502669, member: "Catania" },
  ]);
  between("GEODIST", Number(await client.geoDist("places", "Palermo", "Catania", "km")), 166, 167);
  const near = await client.geoSearch(
    "places",
    { longitude: 15, latitude: 37 },
    { radius: 200, unit: "km" },
    { SORT: "ASC" },
  );
  equal("GEOSEARCH", near, ["Catania", "Palermo"]);
  equal(
    "BITFIELD",
    await client.bitField("bits", [
      { operation: "SET", encoding: "u8", offset: 0, value: 200 },
      { operation: "INCRBY", encoding: "u8", offset: 0, increment: 10 },
    ]),
    [0, 210],
  );
  await client.hSet("profile", { a: 1, b: 2, c: 3 });
  equal("HMGET", await client.hmGet("profile", ["c", "none", "a"]), ["3", null, "1"]);
  equal(
    "APPEND, GETRANGE",
    [await client.append("log", "hello world"), await client.getRange("log", 6, -1)],
    [11, "world"],
  );
}

// Values with a time to live: they go when they should, and stay when that is changed.
async function expiry({ client }) {
  for (const number of range(20)) {
    await client.set(`short:${number}`, "x", { expiration: { type: "PX", value: 150 } });
    await client.setEx(`long:${number}`, 100, "x");
  }
  for (const number of range(20)) {
    await eventually("the end of a short value", async () => (await client.get(`short:${number}`)) === null);
    equal("a long value", await client.get(`long:${number}`), "x");
  }
  equal("TTL of no key", await client.ttl("short:0"), -2);
  equal("PERSIST, TTL", [await client.persist("long:0"), await client.ttl("long:0")], [1, -1]);
  equal(
    "EXPIRE NX, GT",
    [await client.expire("long:0", 50, "NX"), await client.expire("long:0", 20, "GT")],
    [1, 0],
  );
  equal("EXPIREAT", await client.expireAt("long:1", 4000000000), 1);
  equal("SET KEEPTTL", await client.set("long:1", "y", { expiration: "KEEPTTL" }), "OK");
  equal("EXPIRETIME", await client.expireTime("long:1"), 4000000000);
}

// Values that are no text, empty ones, and big ones.
async function binary(app) {
  const { client } = app;
  const asBytes = client.withTypeMapping({ [app.nodeRedis.RESP_TYPES.BLOB_STRING]: Buffer });
  const everyByte = Buffer.from(range(1024).map((number) => number % 256));
  const big = Buffer.concat(range(3000).map(() => everyByte));
  const values = [
    [Buffer.from("key\0\r\n\xff", "latin1"), everyByte],
    ["empty", Buffer.alloc(0)],
    ["schl\u00fcssel \u2603", Buffer.from("gr\u00fc\u00dfe \u{1f680}")],
    ["reply like", Buffer.from("$5\r\nhello\r\n-ERR no\r\n")],
    ["big", big],
  ];
  for (const [key, value] of values) {
    equal("SET", await client.set(key, value), "OK");
    const got = await asBytes.get(key);
    ok(`GET of ${key}: expected what was set`, value.equals(got), got.length);
    equal("STRLEN", await client.strLen(key), value.length);
  }
  const many = await Promise.all(range(20).map((number) => asBytes.get(number % 2 ? "empty" : "big")));
  equal(
    "lengths in turn",
    many.map((value) => value.length),
    range(20).map((number) => (number % 2 ? 0 : big.length)),
  );
}

// What an application sees when it is wrong; the connection goes on after each.
async function errors(app) {
  const { client } = app;
  const send = (key, ...words) =>
    app.cluster ? client.sendCommand(key, false, words) : client.sendCommand(words);
  await client.set("text", "words");
  await client.rPush("list", "x");
  const wrongType = "WRONGTYPE Operation against a key holding the wrong kind of value";
  await rejects("GET of a list", wrongType, () => client.get("list"));
  await rejects("INCR of a text", "ERR value is not an integer or out of range", () => client.incr("text"));
  await rejects("SET with a wrong option", "ERR syntax error", () =>
    send("text", "SET", "text", "v", "WRONG"),
  );
  await rejects("HSET with a field too few", "ERR wrong number of arguments for 'hset' command", () =>
    send("h", "HSET", "h", "f"),
  );
  await rejects("EVALSHA of no script", "NOSCRIPT No matching script", () =>
    client.evalSha("0".repeat(40), { keys: ["text"], arguments: [] }),
  );
  await client.xGroupCreate("events", "group", "$", { MKSTREAM: true });
  await rejects("XGROUP CREATE again", "BUSYGROUP", () => client.xGroupCreate("events", "group", "$"));
  if (!app.cluster)
    await rejects(
      "an unknown command",
      "ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b'",
      () => client.sendCommand(["NOSUCH", "a", "b"]),
    );
  if (app.proxied && !app.cluster)
    await rejects("RENAME over slots", "CROSSSLOT Keys in request don't hash to the same slot", () =>
      client.rename("text", "other"),
    );
  equal("GET after the errors", await client.get("text"), "words");
}

async function all(iterator) {
  const found = [];
  for await (const part of iterator) found.push(...part);
  return found;
}

// HSCAN, SSCAN and ZSCAN through collections that are too big for one answer.
async function fields({ client }) {
  const names = range(3000).map((number) => `field-${number}`);
  const pairs = Object.fromEntries(names.map((name, number) => [name, String(number)]));
  await client.hSet("hash", pairs);
  await client.sAdd("set", names);
  await client.zAdd(
    "sorted",
    names.map((value, score) => ({ value, score })),
  );
  const hashed = await all(client.hScanIterator("hash", { COUNT: 100 }));
  equal("HSCAN", Object.fromEntries(hashed.map(({ field, value }) => [field, value])), pairs);
  equal("SSCAN", new Set(await all(client.sScanIterator("set", { COUNT: 100 }))), new Set(names));
  const sorted = await all(client.zScanIterator("sorted", { COUNT: 100 }));
  equal("ZSCAN", Object.fromEntries(sorted.map(({ value, score }) => [value, String(score)])), pairs);
  const tens = new Set(range(10).map((digit) => `field-10${digit}`));
  equal("SSCAN MATCH", new Set(await all(client.sScanIterator("set", { MATCH: "field-10?" }))), tens);
}

// Commands about one key: its type, copy, new name, dump.
async function keys(app) {
  const { client } = app;
  await client.rPush("{k}list", ["3", "1", "2"]);
  equal("TYPE", await client.type("{k}list"), "list");
  equal("SORT", await client.sort("{k}list"), ["1", "2", "3"]);
  equal("SORT STORE", await client.sortStore("{k}list", "{k}sorted", { DIRECTION: "DESC" }), 3);
  equal("COPY", await client.copy("{k}list", "{k}copy"), 1);
  equal("RENAME", await client.rename("{k}copy", "{k}new"), "OK");
  equal("EXISTS", await client.exists(["{k}copy", "{k}new"]), 1);
  const dumped = await client
    .withTypeMapping({ [app.nodeRedis.RESP_TYPES.BLOB_STRING]: Buffer })
    .dump("{k}list");
  equal("RESTORE", await client.restore("{k}back", 0, dumped), "OK");
  equal("LRANGE of it", await client.lRange("{k}back", 0, -1), ["3", "1", "2"]);
  ok("MEMORY USAGE: expected more than 10", (await client.memoryUsage("{k}list")) > 10, "less");
  ok(
    "OBJECT ENCODING",
    ["quicklist", "listpack"].includes(await client.objectEncoding("{k}list")),
    "another",
  );
}

const plain = ({ cluster }) => !cluster;

module.exports = {
  sessions: { run: sessions },
  counters: { run: counters },
  multikey: { run: multikey },
  pipeline: { run: pipeline },
  pool: { run: pool, only: plain },
  collections: { run: collections },
  expiry: { run: expiry },
  binary: { run: binary },
  errors: { run: errors },
  fields: { run: fields, only: plain },
  keys: { run: keys },
};
