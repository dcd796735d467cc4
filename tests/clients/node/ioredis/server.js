"use strict";
// What belongs to a connection or to the whole server, with ioredis: transactions, scripts, iteration, facts.

const { createHash } = require("node:crypto");
const { equal, ok, between, sameItems, rejects, range } = require("../check");

const plain = ({ cluster }) => !cluster;
const onlyCluster = ({ cluster }) => cluster;
const resp3Only = ({ resp3 }) => resp3;

// The first words of a connection.
async function connection(app) {
  const client = await app.open({ connectionName: "shop" });
  equal("PING", await client.ping(), "PONG");
  if (app.cluster) return;
  equal("CLIENT GETNAME", await client.client("GETNAME"), "shop");
  ok("CLIENT ID: expected a number above 0", (await client.client("ID")) > 0, "another");
  equal("ECHO", await client.echo("hello"), "hello");
  equal("SELECT 0", await client.select(0), "OK");
  const refusal = app.proxied ? "ERR SELECT is not allowed in cluster mode" : "ERR DB index is out of range";
  await rejects("SELECT of no database", refusal, () => client.select(99));
  equal("QUIT", await client.quit(), "OK");
}

// RESP3: agreed on, and its shapes.
async function resp3(app) {
  const client = await app.open({ protocol: 3, replyMapping: "resp3" });
  if (!app.cluster) equal("HELLO", (await client.call("HELLO")).proto, 3);
  await client.hset("hash", "a", 1, "b", 2);
  equal("HGETALL", await client.call("HGETALL", "hash"), { a: "1", b: "2" });
  await client.zadd("sorted", 1.5, "x");
  equal("ZSCORE", await client.zscore("sorted", "x"), 1.5);
  equal("GET of nothing", await client.get("nothing"), null);
}

// The cluster as a cluster client sees it.
async function view(app) {
  const { client } = app;
  equal("the nodes that it knows", app.nodes(client).length, app.proxied ? 1 : 6);
  const slots = await client.cluster("SLOTS");
  equal(
    "the slots of CLUSTER SLOTS",
    slots.reduce((sum, [first, last]) => sum + last - first + 1, 0),
    16384,
  );
  const info = await client.cluster("INFO");
  ok("CLUSTER INFO: expected cluster_state:ok", info.includes("cluster_state:ok"), info);
  equal("CLUSTER KEYSLOT", await client.cluster("KEYSLOT", "{user1000}.following"), 3443);
  for (const number of range(300)) equal("SET", await client.set(`key:${number}`, number), "OK");
  if (app.proxied) equal("the nodes that it knows afterwards", app.nodes(client), [app.address]);
}

// A bank: transfers by MULTI, guarded by WATCH, by six clients at once; no money is lost or made.
async function transactions(app) {
  const { client } = app;
  await client.mset("{bank}a", 1000, "{bank}b", 0);
  const transfer = async (own) => {
    await own.watch("{bank}a", "{bank}b");
    const [left, right] = (await own.mget("{bank}a", "{bank}b")).map(Number);
    const answer = await own
      .multi()
      .set("{bank}a", left - 5)
      .set("{bank}b", right + 5)
      .exec();
    if (answer)
      equal("EXEC", answer, [
        [null, "OK"],
        [null, "OK"],
      ]);
    return Boolean(answer);
  };
  const work = async (own) => {
    for (let done = 0; done < 20;) done += (await transfer(own)) ? 1 : 0;
  };
  await Promise.all((await Promise.all(range(6).map(() => app.open()))).map(work));
  equal("both accounts", await client.mget("{bank}a", "{bank}b"), ["400", "600"]);
}

// MULTI without WATCH: what EXEC answers, and that an error does not undo the rest.
async function multi(app) {
  const { client } = app;
  for (const number of range(50)) {
    const answer = await client
      .multi()
      .incr(`{t${number}}n`)
      .lpush(`{t${number}}l`, "x")
      .get(`{t${number}}n`)
      .exec();
    equal("EXEC", answer, [
      [null, 1],
      [null, 1],
      [null, "1"],
    ]);
  }
  const answers = await client.multi().set("{t}t", "text").incr("{t}t").get("{t}t").exec();
  ok("INCR of a text", String(answers[1][0]).includes("value is not an integer or out of range"), answers[1]);
  equal(
    "its neighbours",
    [answers[0], answers[2]],
    [
      [null, "OK"],
      [null, "text"],
    ],
  );
  await rejects(
    "EXEC after an unknown command",
    "EXECABORT Transaction discarded because of previous errors.",
    () => client.multi().set("{t}t", "never").call("NOSUCH", "{t}t").exec(),
  );
  equal("GET after EXECABORT", await client.get("{t}t"), "text");
}

// Scripts that change a key at once: a rate limit, and what types come back.
async function lua({ client }) {
  const limit = `
    local count = redis.call('INCR', KEYS[1])
    if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
    return count <= tonumber(ARGV[1]) and 1 or 0`;
  for (const user of range(20)) {
    const answers = [];
    for (const _ of range(5)) answers.push(await client.eval(limit, 1, `limit:${user}`, 3, 60));
    equal("EVAL of the rate limit", answers, [1, 1, 1, 0, 0]);
    between("TTL", await client.ttl(`limit:${user}`), 1, 60);
  }
  const shapes =
    "return {KEYS[1], ARGV[1], 7, {'a', false, 3.9}, redis.status_reply('FINE'), cjson.encode({1, 2})}";
  equal("the types of EVAL", await client.eval(shapes, 1, "k", "v"), [
    "k",
    "v",
    7,
    ["a", null, 3],
    "FINE",
    "[1,2]",
  ]);
  await rejects("EVAL that fails", "my own error", () =>
    client.eval("return redis.error_reply('ERR my own error')", 1, "k"),
  );
  await rejects("EVAL that cannot be compiled", "Error compiling script", () =>
    client.eval("this is no Lua", 1, "k"),
  );
}

// Scripts that the client loads by itself (EVALSHA, else EVAL), and scripts called by their hash.
async function scripts(app) {
  const { client } = app;
  client.defineCommand("addTo", { numberOfKeys: 1, lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])" });
  for (const number of range(50))
    equal("a command of one's own", await client.addTo(`sum:${number}`, number), number);
  const piped = await client.pipeline().addTo("{s}1", 4).addTo("{s}2", 5).exec();
  equal("the same in a pipeline", piped, [
    [null, 4],
    [null, 5],
  ]);
  if (app.cluster) return;
  const body = "return ARGV[1] .. KEYS[1]";
  const hash = createHash("sha1").update(body).digest("hex");
  equal("SCRIPT LOAD", await client.script("LOAD", body), hash);
  equal("SCRIPT EXISTS", await client.script("EXISTS", hash, "0".repeat(40)), [1, 0]);
  for (const number of range(50))
    equal("EVALSHA", await client.evalsha(hash, 1, `key:${number}`, "x"), `xkey:${number}`);
  equal("EVAL without keys", await client.eval("return ARGV[1]", 0, "z"), "z");
  equal("SCRIPT FLUSH", await client.script("FLUSH"), "OK");
  equal("SCRIPT EXISTS after it", await client.script("EXISTS", hash), [0]);
  equal("a command of one's own after it", await client.addTo("sum:9", 1), 10);
}

// A library of functions, loaded once and called for keys anywhere.
async function functions(app) {
  const library = `#!lua name=shop
    redis.register_function('add_to_cart', function(keys, args)
      return redis.call('HINCRBY', keys[1], args[1], args[2]) end)`;
  for (const answer of await app.onEveryPrimary((node) => node.function("LOAD", library)))
    equal("FUNCTION LOAD", answer, "shop");
  for (const number of range(30)) {
    equal("FCALL", await app.client.fcall("add_to_cart", 1, `cart:${number}`, "tea", 2), 2);
    equal("FCALL again", await app.client.fcall("add_to_cart", 1, `cart:${number}`, "tea", 3), 5);
  }
  const listed = JSON.stringify(await app.everyPrimary()[0].function("LIST"));
  ok("FUNCTION LIST: expected shop", listed.includes("shop"), listed);
  for (const answer of await app.onEveryPrimary((node) => node.function("DELETE", "shop")))
    equal("FUNCTION DELETE", answer, "OK");
  await rejects("FCALL after it", "Function not found", () =>
    app.client.fcall("add_to_cart", 1, "cart:1", "tea", 2),
  );
}

async function scanAll(app, options) {
  const found = new Set();
  await app.onEveryPrimary(async (node) => {
    for await (const part of node.scanStream(options)) part.forEach((key) => found.add(key));
  });
  return found;
}

// Every key is found, whatever shard it is on, and the filters hold.
async function scan(app) {
  const texts = range(900).map((number) => `user:${number}`);
  const hashes = range(300).map((number) => `order:${number}`);
  await Promise.all(texts.map((key) => app.client.set(key, "x")));
  await Promise.all(hashes.map((key) => app.client.hset(key, "f", "v")));
  equal("SCAN", await scanAll(app, { count: 50 }), new Set([...texts, ...hashes]));
  equal(
    "SCAN MATCH",
    await scanAll(app, { match: "user:1?" }),
    new Set(range(10).map((digit) => `user:1${digit}`)),
  );
  equal("SCAN TYPE", await scanAll(app, { type: "hash", count: 100 }), new Set(hashes));
}

// Commands about all keys.
async function keyspace(app) {
  const names = range(200).map((number) => `item:${number}`);
  await Promise.all(names.map((name) => app.client.set(name, "x")));
  const size = async () =>
    (await app.onEveryPrimary((node) => node.dbsize())).reduce((sum, count) => sum + count, 0);
  equal("DBSIZE", await size(), 200);
  sameItems("KEYS", (await app.onEveryPrimary((node) => node.keys("item:*"))).flat(), names);
  const random = await app.everyPrimary()[0].randomkey();
  ok("RANDOMKEY: expected one of the keys", names.includes(random), random);
  for (const answer of await app.onEveryPrimary((node) => node.flushdb())) equal("FLUSHDB", answer, "OK");
  equal("DBSIZE after FLUSHDB", await size(), 0);
  await app.client.set("a", "x");
  for (const answer of await app.onEveryPrimary((node) => node.flushall())) equal("FLUSHALL", answer, "OK");
  equal("GET after FLUSHALL", await app.client.get("a"), null);
}

// What monitoring asks.
async function server(app) {
  const client = await app.open({ connectionName: "monitor" });
  const info = await client.info();
  for (const part of [/redis_version:7\./, /connected_clients:\d/, /used_memory:\d/, /uptime_in_seconds:\d/])
    ok(`INFO: expected ${part}`, part.test(info), info);
  equal("CONFIG GET", await client.config("GET", "maxmemory-policy"), ["maxmemory-policy", "noeviction"]);
  ok("COMMAND COUNT: expected more than 200", (await client.command("COUNT")) > 200, "less");
  equal("COMMAND INFO", (await client.command("INFO", "get"))[0].slice(0, 2), ["get", 2]);
  between("TIME", Number((await client.time())[0]), 1700000000, 10000000000);
  const clients = await client.client("LIST");
  ok("CLIENT LIST: expected to be in it", clients.includes("name=monitor"), clients);
  ok("SLOWLOG GET: expected a list", Array.isArray(await client.slowlog("GET", 5)), "another");
}

module.exports = {
  connection: { run: connection },
  resp3: { run: resp3, only: resp3Only },
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
