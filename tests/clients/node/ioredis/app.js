"use strict";
// How the scenarios connect with ioredis, and the list of them. Version 6 speaks RESP3 if the server does.

const { equal } = require("../check");

const clients = {
  "ioredis-5": { module: "ioredis-5", cluster: false, oldestNode: 12 },
  "ioredis-5-cluster": { module: "ioredis-5", cluster: true, oldestNode: 12 },
  "ioredis-6": { module: "ioredis-6", cluster: false, resp3: true, oldestNode: 20 },
  "ioredis-6-cluster": { module: "ioredis-6", cluster: true, resp3: true, oldestNode: 20 },
};

class App {
  constructor(facts, target) {
    Object.assign(this, facts, target);
    this.opened = [];
    this.lastError = null;
  }

  async start() {
    this.client = await this.open();
  }

  // A client of its own, connected. No client tries again: what goes wrong is to be seen.
  async open(options = {}, clusterOptions = {}) {
    const { Redis, Cluster } = require(this.module);
    const redisOptions = {
      connectTimeout: 5000,
      retryStrategy: () => null,
      maxRetriesPerRequest: 1,
      ...options,
    };
    const client = this.cluster
      ? new Cluster([{ host: this.host, port: this.port }], {
          lazyConnect: true,
          clusterRetryStrategy: () => null,
          slotsRefreshTimeout: 4000,
          redisOptions,
          ...clusterOptions,
        })
      : new Redis({ host: this.host, port: this.port, lazyConnect: true, ...redisOptions });
    client.on("error", (error) => (this.lastError = error.lastNodeError ?? error));
    this.opened.push(client);
    await client.connect();
    if (this.cluster && this.proxied)
      equal("the only node that the client knows", this.nodes(client), [this.address]);
    return client;
  }

  nodes(client, role = "all") {
    return client
      .nodes(role)
      .map(({ options }) => `${options.host}:${options.port}`)
      .sort();
  }

  // Connections whose keyspaces together are the whole.
  everyPrimary() {
    return this.cluster ? this.client.nodes("master") : [this.client];
  }

  async onEveryPrimary(action) {
    return Promise.all(this.everyPrimary().map(action));
  }

  lastErrorText() {
    return this.lastError ? `; the client said: ${this.lastError.message}` : "";
  }

  async close() {
    for (const client of this.opened) client.disconnect();
  }
}

const features = {
  ...require("./data"),
  ...require("./messages"),
  ...require("./sentinel"),
  ...require("./server"),
};

module.exports = { clients, App, features };
