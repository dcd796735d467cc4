"use strict";
// One scenario with a client of Node.js: main.js CLIENT FEATURE HOST:PORT proxied|direct SECONDS; --list names them,
// with the oldest Node.js that the client runs on.

const { CheckFailed, state } = require("./check");

const libraries = [require("./ioredis/app"), require("./redis/app"), require("./bullmq/app")];

function fail(text) {
  console.log(`FAILED: ${text}`);
  process.exit(1);
}

function list() {
  for (const { clients, features } of libraries)
    for (const [client, facts] of Object.entries(clients))
      for (const [feature, { only }] of Object.entries(features))
        if (!only || only(facts)) console.log(client, feature, facts.oldestNode);
}

async function run([client, feature, address, mode, seconds]) {
  const library = libraries.find(({ clients }) => client in clients);
  const [host, port] = address.split(":");
  const app = new library.App(library.clients[client], {
    host,
    port: Number(port),
    address,
    proxied: mode === "proxied",
  });
  setTimeout(
    () =>
      fail(
        `not done within ${seconds} s; the last check that held: ${state.lastPassed}${app.lastErrorText()}`,
      ),
    Number(seconds) * 1000,
  );
  try {
    await app.start();
    await library.features[feature].run(app);
    await app.close();
  } catch (error) {
    if (error instanceof CheckFailed) fail(error.message + app.lastErrorText());
    console.log(error);
    fail(`after "${state.lastPassed}": ${error}${app.lastErrorText()}`);
  }
  process.exit(0);
}

process.on("unhandledRejection", (error) =>
  fail(`unhandled: ${error}; the last check that held: ${state.lastPassed}`),
);
if (process.argv[2] === "--list") list();
else run(process.argv.slice(2));
