"use strict";
// What the scenarios check with: each check names what it looks at, and fails with what was expected and what came.

const state = { lastPassed: "none yet" };

class CheckFailed extends Error {}

// Key order, prototypes and the difference between undefined and null do not matter; everything else does.
function canonical(value) {
  if (value === undefined || value === null) return null;
  if (Buffer.isBuffer(value)) return `bytes ${value.toString("hex")}`;
  if (value instanceof Set) return ["a set", ...[...value].map(canonical).sort()];
  if (value instanceof Map) return canonical(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value === "bigint") return `bigint ${value}`;
  if (typeof value === "number" && !Number.isFinite(value)) return `number ${value}`;
  if (typeof value !== "object") return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, canonical(value[key])]),
  );
}

const text = (value) =>
  JSON.stringify(value instanceof Error ? String(value) : canonical(value)).slice(0, 400);

function ok(what, condition, seen) {
  if (!condition) throw new CheckFailed(`${what}: got ${text(seen)}`);
  state.lastPassed = what;
}

function equal(what, actual, expected) {
  ok(
    `${what}: expected ${text(expected)}`,
    JSON.stringify(canonical(actual)) === JSON.stringify(canonical(expected)),
    actual,
  );
  state.lastPassed = what;
}

function between(what, actual, low, high) {
  ok(
    `${what}: expected ${low} to ${high}`,
    typeof actual === "number" && low <= actual && actual <= high,
    actual,
  );
}

// Equal as sorted lists: the order does not matter, repetitions do.
function sameItems(what, actual, expected) {
  const sorted = (items) => [...items].map((item) => JSON.stringify(canonical(item))).sort();
  equal(what, sorted(actual), sorted(expected));
}

// The promise that action() returns is rejected with an error whose text contains this.
async function rejects(what, part, action) {
  let answer;
  try {
    answer = await action();
  } catch (error) {
    ok(`${what}: expected an error with "${part}"`, String(error.message).includes(part), error);
    return;
  }
  throw new CheckFailed(`${what}: expected an error with "${part}", got the answer ${text(answer)}`);
}

// Waits until condition() gives something true, and returns that.
async function eventually(what, condition, seconds = 15) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await condition();
    if (answer) {
      state.lastPassed = what;
      return answer;
    }
    if (Date.now() > deadline) throw new CheckFailed(`${what}: did not happen within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const range = (count) => [...Array(count).keys()];

module.exports = { CheckFailed, state, ok, equal, between, sameItems, rejects, eventually, range };
