"use strict";
// What belongs to a connection or to the whole server, with node-redis: transactions, scripts, iteration, facts.

const { createHash } = require("node:crypto");
const { equal, ok, between, sameItems, rejects, eventually, range } = require("../check");

const plain = ({ cluster }) => !cluster;
const onlyCluster = ({ cluster }) => cluster;
const resp3Plain = ({ cluster, resp3 }) => resp3 && !cluster;

// The first words of a connection.
async function connection(app) {
  if (app.cluster) {
    for (const node of await app.everyPrimary()) equal("PING", await node.ping(), "PONG");
    return;
  }
  const client = await app.open({ name: "shop" });
  equal("PING", await client.ping(), "PONG");
  equal("CLIENT GETNAME", await client.clientGetName(), "shop");
  ok("CLIENT ID: expected a number above 0", (await client.clientId()) > 0, "another");
  equal("ECHO", await client.echo("hello"), "hello");
  equal("SELECT 0", await client.sendCommand(["SELECT", "0"]), "OK");
  const refusal = app.proxied ? "ERR SELECT is not allowed in cluster mode" : "ERR DB index is out of range";
  await rejects("SELECT of no database", refusal, () => client.sendCommand(["SELECT", "99"]));
}

// RESP3: agreed on, and its shapes.
async function resp3(app) {
  const { client } = app;
  equal("HELLO", (await client.hello()).proto, 3);
  await client.hSet("hash", { a: 1, b: 2 });
  equal("HGETALL", await client.sendCommand(["HGETALL", "hash"]), { a: "1", b: "2" });
  await client.zAdd("sorted", { score: 1.5, value: "x" });
  equal("ZSCORE", await client.sendCommand(["ZSCORE", "sorted", "x"]), 1.5);
}

// Client-side caching: what another client changes is told to the one that has read it.
async function tracking(app) {
  const client = await app.open({ clientSideCache: { ttl: 0, maxEntries: 0 } });
  for (const number of range(20)) {
    const key = `cached:${number}`;
    await app.client.set(key, "old");
    equal("GET", [await client.get(key), await client.get(key)], ["old", "old"]);
    await app.client.set(key, "new");
    await eventually("the new value after an invalidation", async () => (await client.get(key)) === "new");
  }
  ok(
    "hits of the cache: expected 20 or more",
    client.clientSideCache.stats().hitCount >= 20,
    client.clientSideCache.stats(),
  );
}

// The cluster as a cluster client sees it.
async function view(app) {
  const { client } = app;
  equal("the nodes that it knows", app.nodes(client).length, app.proxied ? 1 : 3);
  equal("the slots that it knows", client.slots.filter(Boolean).length, 16384);
  const [node] = await app.everyPrimary();
  const info = await node.clusterInfo();
  ok("CLUSTER INFO: expected cluster_state:ok", info.includes("cluster_state:ok"), info);
  equal("CLUSTER KEYSLOT", await node.clusterKeySlot("{user1000}.following"), 3443);
  for (const number of range(300)) equal("SET", await client.set(`key:${number}`, String(number)), "OK");
  if (app.proxied) equal("the nodes that it knows afterwards", app.nodes(client), [app.address]);
}

// A bank: transfers by MULTI, guarded by WATCH, by six clients at once; no money is lost or made.
async function transactions(app) {
  const { client } = app;
  await client.mSet({ "{bank}a": "1000", "{bank}b": "0" });
  const transfer = async (own) => {
    await own.watch(["{bank}a", "{bank}b"]);
    const [left, right] = (await own.mGet(["{bank}a", "{bank}b"])).map(Number);
    try {
      const answer = await own
        .multi()
        .set("{bank}a", String(left - 5))
        .set("{bank}b", String(right + 5))
        .exec();
      equal("EXEC", answer, ["OK", "OK"]);
      return true;
    } catch (error) {
      if (error instanceof app.nodeRedis.WatchError) return false;
      throw error;
    }
  };
  const work = async (own) => {
    for (let done = 0; done < 20;) done += (await transfer(own)) ? 1 : 0;
  };
  await Promise.all((await Promise.all(range(6).map(() => app.open()))).map(work));
  equal("both accounts", await client.mGet(["{bank}a", "{bank}b"]), ["400", "600"]);
}

// MULTI without WATCH: what EXEC answers, and that an error does not undo the rest.
async function multi(app) {
  const { client } = app;
  for (const number of range(50)) {
    const answer = await client
      .multi()
      .incr(`{t${number}}n`)
      .lPush(`{t${number}}l`, "x")
      .get(`{t${number}}n`)
      .exec();
    equal("EXEC", answer, [1, 1, "1"]);
  }
  let replies = null;
  await client
    .multi()
    .set("{t}t", "text")
    .incr("{t}t")
    .get("{t}t")
    .exec()
    .catch((error) => {
      if (!error.replies) throw error;
      replies = error.replies;
    });
  ok("EXEC with an error in it: expected that error", replies, replies);
  ok("INCR of a text", String(replies[1]).includes("value is not an integer or out of range"), replies[1]);
  equal("its neighbours", [replies[0], replies[2]], ["OK", "text"]);
}

const LIMIT = `
  local count = redis.call('INCR', KEYS[1])
  if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
  return count <= tonumber(ARGV[1]) and 1 or 0`;

// Scripts that change a key at once: a rate limit, and what types come back.
async function lua({ client }) {
  for (const user of range(20)) {
    const answers = [];
    for (const _ of range(5))
      answers.push(await client.eval(LIMIT, { keys: [`limit:${user}`], arguments: ["3", "60"] }));
    equal("EVAL of the rate limit", answers, [1, 1, 1, 0, 0]);
    between("TTL", await client.ttl(`limit:${user}`), 1, 60);
  }
  const shapes =
    "return {KEYS[1], ARGV[1], 7, {'a', false, 3.9}, redis.status_reply('FINE'), cjson.encode({1, 2})}";
  equal("the types of EVAL", await client.eval(shapes, { keys: ["k"], arguments: ["v"] }), [
    "k",
    "v",
    7,
    ["a", null, 3],
    "FINE",
    "[1,2]",
  ]);
  const run = (body) => client.eval(body, { keys: ["k"], arguments: [] });
  await rejects("EVAL that fails", "my own error", () => run("return redis.error_reply('ERR my own error')"));
  await rejects("EVAL that cannot be compiled", "Error compiling script", () => run("this is no Lua"));
}

// Scripts that the client loads by itself (EVALSHA, else EVAL), and scripts called by their hash.
async function scripts(app) {
  const addTo = app.nodeRedis.defineScript({
    SCRIPT: "return redis.call('INCRBY', KEYS[1], ARGV[1])",
    NUMBER_OF_KEYS: 1,
    parseCommand(parser, key, number) {
      parser.pushKey(key);
      parser.push(String(number));
    },
    transformReply: undefined,
  });
  const client = await app.open({ scripts: { addTo } });
  for (const number of range(50))
    equal("a command of one's own", await client.addTo(`sum:${number}`, number), number);
  if (app.cluster) return;
  const body = "return ARGV[1] .. KEYS[1]";
  const hash = createHash("sha1").update(body).digest("hex");
  equal("SCRIPT LOAD", await client.scriptLoad(body), hash);
  equal("SCRIPT EXISTS", await client.scriptExists([hash, "0".repeat(40)]), [1, 0]);
  for (const number of range(50))
    equal(
      "EVALSHA",
      await client.evalSha(hash, { keys: [`key:${number}`], arguments: ["x"] }),
      `xkey:${number}`,
    );
  equal("EVAL without keys", await client.eval("return ARGV[1]", { keys: [], arguments: ["z"] }), "z");
  equal("SCRIPT FLUSH", await client.scriptFlush(), "OK");
  equal("SCRIPT EXISTS after it", await client.scriptExists([hash]), [0]);
  equal("a command of one's own after it", await client.addTo("sum:9", 1), 10);
}

// A library of functions, loaded once and called for keys anywhere.
async function functions(app) {
  const library = `#!lua name=shop
    redis.register_function('add_to_cart', function(keys, args)
      return redis.call('HINCRBY', keys[1], args[1], args[2]) end)`;
  for (const answer of await app.onEveryPrimary((node) => node.functionLoad(library)))
    equal("FUNCTION LOAD", answer, "shop");
  const call = (key, count) =>
    app.client.fCall("add_to_cart", { keys: [key], arguments: ["tea", String(count)] });
  for (const number of range(30))
    equal("FCALL", [await call(`cart:${number}`, 2), await call(`cart:${number}`, 3)], [2, 5]);
  const [listed] = await app.onEveryPrimary((node) => node.functionList());
  equal(
    "FUNCTION LIST",
    listed.map(({ library_name }) => library_name),
    ["shop"],
  );
  for (const answer of await app.onEveryPrimary((node) => node.functionDelete("shop")))
    equal("FUNCTION DELETE", answer, "OK");
  await rejects("FCALL after it", "Function not found", () => call("cart:1", 2));
}

async function scanAll(app, options) {
  const found = new Set();
  await app.onEveryPrimary(async (node) => {
    for await (const part of node.scanIterator(options)) part.forEach((key) => found.add(key));
  });
  return found;
}

// Every key is found, whatever shard it is on, and the filters hold.
async function scan(app) {
  const texts = range(900).map((number) => `user:${number}`);
  const hashes = range(300).map((number) => `order:${number}`);
  await Promise.all(texts.map((key) => app.client.set(key, "x")));
  await Promise.all(hashes.map((key) => app.client.hSet(key, "f", "v")));
  equal("SCAN", await scanAll(app, { COUNT: 50 }), new Set([...texts, ...hashes]));
  equal(
    "SCAN MATCH",
    await scanAll(app, { MATCH: "user:1?" }),
    new Set(range(10).map((digit) => `user:1${digit}`)),
  );
  equal("SCAN TYPE", await scanAll(app, { TYPE: "hash", COUNT: 100 }), new Set(hashes));
}

// Commands about all keys.
async function keyspace(app) {
  const names = range(200).map((number) => `item:${number}`);
  await Promise.all(names.map((name) => app.client.set(name, "x")));
  const size = async () =>
    (await app.onEveryPrimary((node) => node.dbSize())).reduce((sum, count) => sum + count, 0);
  equal("DBSIZE", await size(), 200);
  sameItems("KEYS", (await app.onEveryPrimary((node) => node.keys("item:*"))).flat(), names);
  const [random] = await app.onEveryPrimary((node) => node.randomKey());
  ok("RANDOMKEY: expected one of the keys", names.includes(random), random);
  for (const answer of await app.onEveryPrimary((node) => node.flushDb())) equal("FLUSHDB", answer, "OK");
  equal("DBSIZE after FLUSHDB", await size(), 0);
  await app.client.set("a", "x");
  for (const answer of await app.onEveryPrimary((node) => node.flushAll())) equal("FLUSHALL", answer, "OK");
  equal("GET after FLUSHALL", await app.client.get("a"), null);
}

// What monitoring asks.
async function server(app) {
  const client = await app.open({ name: "monitor" });
  const info = await client.info();
  for (const part of [/redis_version:7\./, /connected_clients:\d/, /used_memory:\d/, /uptime_in_seconds:\d/])
    ok(`INFO: expected ${part}`, part.test(info), info);
  equal("CONFIG GET", await client.configGet("maxmemory-policy"), { "maxmemory-policy": "noeviction" });
  ok("COMMAND COUNT: expected more than 200", (await client.commandCount()) > 200, "less");
  const [get] = await client.commandInfo(["get"]);
  equal("COMMAND INFO", [get.name, get.arity], ["get", 2]);
  between("TIME", Number((await client.time())[0]), 1700000000, 10000000000);
  const names = (await client.clientList()).map(({ name }) => name);
  ok("CLIENT LIST: expected to be in it", names.includes("monitor"), names);
}

module.exports = {
  connection: { run: connection },
  resp3: { run: resp3, only: resp3Plain },
  tracking: { run: tracking, only: resp3Plain },
  view: { run: view, only: onlyCluster },
  transactions: { run: transactions, only: plain },
  multi: { run: multi },
  lua: { run: lua },
  scripts: { run: scripts },
  functions: { run: functions },
  scan: { run: scan },
  keyspace: { run: keyspace },
  server: { run: server, only: plain },
};
