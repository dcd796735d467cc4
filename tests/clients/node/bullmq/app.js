"use strict";
// How the scenarios make queues with BullMQ, over the clients that it supports, and the list of them.

const { CheckFailed } = require("../check");

const clients = {
  "bullmq-ioredis-5": { over: "ioredis-5", oldestNode: 14 },
  "bullmq-ioredis-5-cluster": { over: "ioredis-5-cluster", oldestNode: 14 },
  "bullmq-ioredis-6": { over: "ioredis-6", oldestNode: 20 },
  "bullmq-node-redis-6": { over: "node-redis-6", oldestNode: 20 },
};

// All keys of a queue have to be in one slot, as BullMQ demands of a cluster.
const PREFIX = "{bull}";

class App {
  constructor({ over }, target) {
    const library = over.startsWith("ioredis") ? require("../ioredis/app") : require("../redis/app");
    this.connections = new library.App(library.clients[over], target);
    this.opened = [];
    this.lastError = null;
  }

  async start() {}

  // A Queue, Worker, QueueEvents or FlowProducer on a connection of its own; name and processor where it takes them.
  async open(kind, ...parameters) {
    const bullmq = require("bullmq");
    const own = typeof parameters.at(-1) === "object" ? parameters.pop() : {};
    const connection = await this.connections.open({ maxRetriesPerRequest: null });
    const opened = new bullmq[kind](...parameters, { connection, prefix: PREFIX, ...own });
    opened.on("error", (error) => (this.lastError = error));
    this.opened.unshift(opened);
    await opened.waitUntilReady?.();
    return opened;
  }

  // BullMQ goes on after errors; none is expected here.
  checkQuiet() {
    if (this.lastError) throw new CheckFailed("BullMQ reported an error");
  }

  lastErrorText() {
    return this.lastError ? `; BullMQ said: ${this.lastError.message}` : this.connections.lastErrorText();
  }

  async close() {
    await Promise.all(this.opened.map((opened) => opened.close()));
    await this.connections.close();
  }
}

module.exports = { clients, App, features: require("./jobs") };
