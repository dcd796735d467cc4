"use strict";
// Keys and values with ioredis: what most applications do all day.

const { equal, ok, between, sameItems, rejects, eventually, range } = require("../check");

// A shop's sessions: made at login, prolonged at each visit, gone after logout; a token is taken only once.
async function sessions({ client }) {
  const users = range(60).map((number) => `user-${number}`);
  for (const user of users) {
    equal(
      "HSET of a new session",
      await client.hset(`session:${user}`, { name: user, visits: 0, cart: "[]" }),
      3,
    );
    equal("EXPIRE", await client.expire(`session:${user}`, 1800), 1);
  }
  for (const visit of [1, 2])
    await Promise.all(
      users.map(async (user) => {
        equal("HINCRBY", await client.hincrby(`session:${user}`, "visits", 1), visit);
        equal("HGETALL", await client.hgetall(`session:${user}`), {
          name: user,
          visits: String(visit),
          cart: "[]",
        });
        between("TTL", await client.ttl(`session:${user}`), 1, 1800);
      }),
    );
  for (const user of users.slice(0, 30)) equal("DEL at logout", await client.del(`session:${user}`), 1);
  for (const [number, user] of users.entries())
    equal("EXISTS after the logouts", await client.exists(`session:${user}`), number < 30 ? 0 : 1);
  equal("SET NX of a new token", await client.set("token", "secret", "EX", 60, "NX"), "OK");
  equal("SET NX of an old token", await client.set("token", "other", "EX", 60, "NX"), null);
  equal("GETEX", await client.getex("token", "PX", 90000), "secret");
  between("PTTL after GETEX", await client.pttl("token"), 60001, 90000);
  equal("GETDEL", [await client.getdel("token"), await client.getdel("token")], ["secret", null]);
  await client.set("page", "old");
  equal("SET GET", await client.set("page", "new", "GET"), "old");
}

// Page views, a leaderboard and visitors, counted by five clients at once.
async function counters(app) {
  const writers = await Promise.all(range(5).map(() => app.open()));
  const answers = range(10).map(() => []);
  await Promise.all(
    writers.map(async (own, writer) => {
      for (const round of range(30)) {
        await Promise.all(range(10).map(async (page) => answers[page].push(await own.incr(`views:${page}`))));
        await own.hincrby("totals", "views", 10);
        await own.zincrby("leaders", writer + 1, `writer-${writer}`);
        await own.pfadd("visitors", `visitor-${round % 10}`);
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
  equal("HGET of the total", await app.client.hget("totals", "views"), "1500");
  const leaders = [
    "writer-4",
    "150",
    "writer-3",
    "120",
    "writer-2",
    "90",
    "writer-1",
    "60",
    "writer-0",
    "30",
  ];
  equal("ZREVRANGE", await app.client.zrevrange("leaders", 0, -1, "WITHSCORES"), leaders);
  equal("PFCOUNT", await app.client.pfcount("visitors"), 10);
  equal(
    "INCRBY, DECRBY",
    [await app.client.incrby("stock", 50), await app.client.decrby("stock", 8)],
    [50, 42],
  );
  equal("INCRBYFLOAT", await app.client.incrbyfloat("price", 10.5), "10.5");
}

// A cache that is filled, read and dropped many keys at a time; a cluster client does so within a slot.
async function multikey(app) {
  const { client } = app;
  const name = (number) => (app.cluster ? `{cache}:${number}` : `cache:${number}`);
  const values = Object.fromEntries(range(300).map((number) => [name(number), `value-${number}`]));
  const keys = Object.keys(values);
  equal("MSET", await client.mset(values), "OK");
  const asked = [keys[7], name("missing"), ...keys, keys[7]];
  equal(
    "MGET",
    await client.mget(asked),
    asked.map((key) => values[key]),
  );
  equal("EXISTS counts each mention", await client.exists(keys[0], keys[0], name("missing"), keys[9]), 3);
  equal("TOUCH", await client.touch(...keys.slice(0, 50)), 50);
  equal("UNLINK", await client.unlink(...keys.slice(0, 100)), 100);
  equal("DEL", await client.del(keys), 200);
  equal("EXISTS afterwards", await client.exists(...keys), 0);
  equal("MSETNX", await client.msetnx("{cart}a", 1, "{cart}b", 2), 1);
  equal("MSETNX of which one exists", await client.msetnx("{cart}b", 1, "{cart}c", 2), 0);
  await client.sadd("{tags}red", "apple", "rose");
  await client.sadd("{tags}round", "apple", "ball");
  equal("SUNIONSTORE", await client.sunionstore("{tags}all", "{tags}red", "{tags}round"), 3);
  equal("SINTER", await client.sinter("{tags}red", "{tags}round"), ["apple"]);
}

// A bulk import in one round trip, with an error in the middle; a cluster client's pipeline keeps to one node.
async function pipeline(app) {
  const { client } = app;
  const tag = app.cluster ? "{import}" : "";
  const pipe = client.pipeline();
  const expected = [];
  for (const number of range(300)) {
    pipe
      .set(`${tag}record:${number}`, number)
      .hset(`${tag}details:${number}`, "a", 1)
      .incr(`${tag}record:${number}`);
    expected.push([null, "OK"], [null, 1], [null, number + 1]);
  }
  pipe.set(`${tag}text`, "words").incr(`${tag}text`).get(`${tag}text`);
  const answers = await pipe.exec();
  equal("the answers before the error", answers.slice(0, 900), expected);
  equal("the answer before the error", answers[900], [null, "OK"]);
  ok(
    "INCR of a text",
    String(answers[901][0]).includes("value is not an integer or out of range"),
    answers[901],
  );
  equal("the answer after the error", answers[902], [null, "words"]);
  const order = await Promise.all(range(1000).map((number) => client.get(`${tag}record:${number}`)));
  equal(
    "a thousand GETs at once",
    order,
    range(1000).map((number) => (number < 300 ? String(number + 1) : null)),
  );
}

// Commands that the client gathers into pipelines by itself.
async function autopipelining(app) {
  const own = await app.open({ enableAutoPipelining: true }, { enableAutoPipelining: true });
  const numbers = range(500);
  const set = await Promise.all(numbers.map((number) => own.set(`auto:${number}`, number)));
  equal(
    "SET",
    set,
    numbers.map(() => "OK"),
  );
  const got = await Promise.all(numbers.map((number) => own.get(`auto:${number}`)));
  equal("GET", got, numbers.map(String));
}

// Lists, sets, sorted sets, places and bit fields, each as one application uses it.
async function collections({ client }) {
  equal("RPUSH", await client.rpush("todo", ...range(100).map((number) => `task-${number}`)), 100);
  equal("LRANGE", await client.lrange("todo", 0, 1), ["task-0", "task-1"]);
  equal(
    "LPOS, LINDEX",
    [await client.lpos("todo", "task-9"), await client.lindex("todo", -1)],
    [9, "task-99"],
  );
  equal("LPOP of two", await client.lpop("todo", 2), ["task-0", "task-1"]);
  equal("LTRIM, LLEN", [await client.ltrim("todo", 0, 9), await client.llen("todo")], ["OK", 10]);
  equal("SADD", await client.sadd("friends", "ann", "bob", "cy"), 3);
  equal("SMISMEMBER", await client.smismember("friends", "ann", "zoe"), [1, 0]);
  equal("SMEMBERS", new Set(await client.smembers("friends")), new Set(["cy", "bob", "ann"]));
  equal(
    "ZADD",
    await client.zadd("scores", ...range(50).flatMap((number) => [number * 1.5, `player-${number}`])),
    50,
  );
  equal("ZADD GT CH", await client.zadd("scores", "GT", "CH", 99.25, "player-1"), 1);
  equal("ZRANGE REV", await client.zrange("scores", 0, 1, "REV", "WITHSCORES"), [
    "player-1",
    "99.25",
    "player-49",
    "73.5",
  ]);
  equal("ZRANGEBYSCORE", await client.zrangebyscore("scores", 3, "(6"), ["player-2", "player-3"]);
  equal(
    "ZRANK, ZSCORE",
    [await client.zrank("scores", "player-0"), await client.zscore("scores", "player-2")],
    [0, "3"],
  );
  equal("ZPOPMIN", await client.zpopmin("scores", 2), ["player-0", "0", "player-2", "3"]);
  equal("ZMSCORE", await client.zmscore("scores", "player-3", "nobody"), ["4.5", null]);
  await client.geoadd("places", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania");
  between("GEODIST", Number(await client.geodist("places", "Palermo", "Catania", "km")), 166, 167);
  const near = await client.geosearch("places", "FROMLONLAT", 15, 37, "BYRADIUS", 200, "km", "ASC");
  equal("GEOSEARCH", near, ["Catania", "Palermo"]);
  equal("BITFIELD", await client.bitfield("bits", "SET", "u8", 0, 200, "INCRBY", "u8", 0, 10), [0, 210]);
  await client.hset("profile", "a", 1, "b", 2, "c", 3);
  equal("HMGET", await client.hmget("profile", "c", "none", "a"), ["3", null, "1"]);
  equal("HRANDFIELD", (await client.hrandfield("profile", 9)).sort(), ["a", "b", "c"]);
  equal(
    "APPEND, GETRANGE",
    [await client.append("log", "hello world"), await client.getrange("log", 6, -1)],
    [11, "world"],
  );
}

// Values with a time to live: they go when they should, and stay when that is changed.
async function expiry({ client }) {
  for (const number of range(20)) {
    await client.set(`short:${number}`, "x", "PX", 150);
    await client.setex(`long:${number}`, 100, "x");
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
  equal("EXPIREAT", await client.expireat("long:1", 4000000000), 1);
  equal("SET KEEPTTL", await client.set("long:1", "y", "KEEPTTL"), "OK");
  equal("EXPIRETIME", await client.expiretime("long:1"), 4000000000);
}

// Values that are no text, empty ones, and big ones.
async function binary({ client }) {
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
    const got = await client.getBuffer(key);
    ok(`GET of ${key}: expected what was set`, value.equals(got), got.length);
    equal("STRLEN", await client.strlen(key), value.length);
  }
  const many = await Promise.all(range(20).map((number) => client.getBuffer(number % 2 ? "empty" : "big")));
  equal(
    "lengths in turn",
    many.map((value) => value.length),
    range(20).map((number) => (number % 2 ? 0 : big.length)),
  );
}

// What an application sees when it is wrong; the connection goes on after each.
async function errors(app) {
  const { client } = app;
  await client.set("text", "words");
  await client.rpush("list", "x");
  const wrongType = "WRONGTYPE Operation against a key holding the wrong kind of value";
  await rejects("GET of a list", wrongType, () => client.get("list"));
  await rejects("INCR of a text", "ERR value is not an integer or out of range", () => client.incr("text"));
  await rejects("SET with a wrong option", "ERR syntax error", () => client.set("text", "v", "WRONG"));
  await rejects("HSET with a field too few", "ERR wrong number of arguments for 'hset' command", () =>
    client.call("hset", "h", "f"),
  );
  await rejects("EVALSHA of no script", "NOSCRIPT No matching script", () =>
    client.evalsha("0".repeat(40), 1, "text"),
  );
  await client.xgroup("CREATE", "events", "group", "$", "MKSTREAM");
  await rejects("XGROUP CREATE again", "BUSYGROUP", () => client.xgroup("CREATE", "events", "group", "$"));
  if (!app.cluster)
    await rejects(
      "an unknown command",
      "ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b'",
      () => client.call("NOSUCH", "a", "b"),
    );
  if (app.proxied && !app.cluster)
    await rejects("RENAME over slots", "CROSSSLOT Keys in request don't hash to the same slot", () =>
      client.rename("text", "other"),
    );
  equal("GET after the errors", await client.get("text"), "words");
}

async function all(stream) {
  const found = [];
  for await (const part of stream) found.push(...part);
  return found;
}

// HSCAN, SSCAN and ZSCAN through collections that are too big for one answer.
async function fields({ client }) {
  const names = range(3000).map((number) => `field-${number}`);
  await client.hset("hash", Object.fromEntries(names.map((name, number) => [name, number])));
  await client.sadd("set", ...names);
  await client.zadd("sorted", ...names.flatMap((name, number) => [number, name]));
  const pairs = names.flatMap((name, number) => [name, String(number)]);
  equal("HSCAN", new Set(await all(client.hscanStream("hash", { count: 100 }))), new Set(pairs));
  equal("SSCAN", new Set(await all(client.sscanStream("set", { count: 100 }))), new Set(names));
  equal("ZSCAN", new Set(await all(client.zscanStream("sorted", { count: 100 }))), new Set(pairs));
  const tens = new Set(range(10).map((digit) => `field-10${digit}`));
  equal("SSCAN MATCH", new Set(await all(client.sscanStream("set", { match: "field-10?" }))), tens);
}

// Commands about one key: its type, copy, new name, dump.
async function keys({ client }) {
  await client.rpush("{k}list", 3, 1, 2);
  equal("TYPE", await client.type("{k}list"), "list");
  equal("SORT", await client.sort("{k}list"), ["1", "2", "3"]);
  equal("SORT STORE", await client.sort("{k}list", "DESC", "STORE", "{k}sorted"), 3);
  equal("COPY", await client.copy("{k}list", "{k}copy"), 1);
  equal("RENAME", await client.rename("{k}copy", "{k}new"), "OK");
  equal("EXISTS", await client.exists("{k}copy", "{k}new"), 1);
  const dumped = await client.dumpBuffer("{k}list");
  equal("RESTORE", await client.restore("{k}back", 0, dumped), "OK");
  equal("LRANGE of it", await client.lrange("{k}back", 0, -1), ["3", "1", "2"]);
  ok("MEMORY USAGE: expected more than 10", (await client.memory("USAGE", "{k}list")) > 10, "less");
  ok(
    "OBJECT ENCODING",
    ["quicklist", "listpack"].includes(await client.object("ENCODING", "{k}list")),
    "another",
  );
}

module.exports = {
  sessions: { run: sessions },
  counters: { run: counters },
  multikey: { run: multikey },
  pipeline: { run: pipeline },
  autopipelining: { run: autopipelining },
  collections: { run: collections },
  expiry: { run: expiry },
  binary: { run: binary },
  errors: { run: errors },
  fields: { run: fields },
  keys: { run: keys },
};
