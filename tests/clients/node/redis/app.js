"use strict";
// How the scenarios connect with node-redis (the npm package redis), and the list of them. Version 6 speaks RESP3.

const { equal } = require("../check");

const clients = {
  "node-redis-5": { module: "redis-5", cluster: false, oldestNode: 18 },
  "node-redis-5-cluster": { module: "redis-5", cluster: true, oldestNode: 18 },
  "node-redis-6": { module: "redis-6", cluster: false, resp3: true, oldestNode: 20 },
  "node-redis-6-cluster": { module: "redis-6", cluster: true, resp3: true, oldestNode: 20 },
};

class App {
  constructor(facts, target) {
    Object.assign(this, facts, target);
    this.opened = [];
    this.lastError = null;
  }

  get nodeRedis() {
    return require(this.module);
  }

  async start() {
    this.client = await this.open();
  }

  // No client tries again: what goes wrong is to be seen.
  socket() {
    return { host: this.host, port: this.port, reconnectStrategy: false, connectTimeout: 5000 };
  }

  // A client of its own, connected.
  async open(options = {}) {
    const client = this.cluster
      ? this.nodeRedis.createCluster({
          rootNodes: [{ socket: this.socket() }],
          defaults: { socket: { reconnectStrategy: false } },
          ...options,
        })
      : this.nodeRedis.createClient({ socket: this.socket(), ...options });
    return this.connect(client);
  }

  async connect(client) {
    client.on("error", (error) => (this.lastError = error));
    this.opened.push(client);
    await client.connect();
    if (this.cluster && this.proxied)
      equal("the only node that the client knows", this.nodes(client), [this.address]);
    return client;
  }

  nodes(client) {
    return [...client.nodeByAddress.keys()].sort();
  }

  // Clients whose keyspaces together are the whole.
  async everyPrimary() {
    if (!this.cluster) return [this.client];
    return Promise.all(this.client.masters.map((node) => this.client.nodeClient(node)));
  }

  async onEveryPrimary(action) {
    return Promise.all((await this.everyPrimary()).map(action));
  }

  lastErrorText() {
    return this.lastError ? `; the client said: ${this.lastError.message}` : "";
  }

  async close() {
    for (const client of this.opened) if (client.isOpen) client.destroy();
  }
}

const features = { ...require("./data"), ...require("./messages"), ...require("./server") };

module.exports = { clients, App, features };
