"use strict";
// Job queues with BullMQ: what an application that sends mails, say, does with them.

const { equal, ok, between, sameItems, eventually, range } = require("../check");

const completed = async (app, queue, count) =>
  eventually(
    `${count} completed jobs`,
    async () => {
      app.checkQuiet();
      return (await queue.getCompletedCount()) >= count;
    },
    30,
  );

// Jobs are added one by one and in bulk, and each is processed once, by two workers; the results are kept.
async function processed(app) {
  const queue = await app.open("Queue", "mail");
  const done = [];
  const work = async (job) => {
    done.push(job.data.number);
    await job.log(`mail ${job.data.number}`);
    return { sent: job.data.number * 2 };
  };
  for (const _ of range(2)) await app.open("Worker", "mail", work, { concurrency: 5 });
  const jobs = [];
  for (const number of range(40)) jobs.push(await queue.add("welcome", { number }));
  jobs.push(
    ...(await queue.addBulk(range(60).map((number) => ({ name: "news", data: { number: 40 + number } })))),
  );
  await completed(app, queue, 100);
  sameItems("the jobs done", done, range(100));
  for (const [number, { id }] of jobs.entries()) {
    const job = await queue.getJob(id);
    equal(
      "a job",
      [job.data, job.returnvalue, await job.getState()],
      [{ number }, { sent: number * 2 }, "completed"],
    );
  }
  equal("a job's log", (await queue.getJobLogs(jobs[7].id)).logs, ["mail 7"]);
  const { completed: kept, ...rest } = await queue.getJobCounts(
    "completed",
    "failed",
    "wait",
    "active",
    "delayed",
  );
  equal("the counts", [kept, rest], [100, { failed: 0, wait: 0, active: 0, delayed: 0 }]);
  await queue.add("once", { turn: 1 }, { jobId: "only-once" });
  await queue.add("once", { turn: 2 }, { jobId: "only-once" });
  equal("a job whose id is there already", (await queue.getJob("only-once")).data, { turn: 1 });
  await queue.obliterate({ force: true });
  equal("the counts after obliterate", await queue.getJobCounts("completed", "wait"), {
    completed: 0,
    wait: 0,
  });
}

// Jobs with a delay are not begun before it has passed, and in its order.
async function delayed(app) {
  const queue = await app.open("Queue", "reminders");
  const order = [];
  const delays = [1, 2500, 300, 600];
  for (const delay of delays) await queue.add("remind", { delay }, { delay });
  between("delayed jobs", await queue.getDelayedCount(), 1, 4);
  await app.open("Worker", "reminders", async (job) => order.push(job.data.delay));
  await completed(app, queue, 4);
  equal(
    "the order",
    order,
    [...delays].sort((a, b) => a - b),
  );
  for (const job of await queue.getCompleted())
    between(
      `begun after a delay of ${job.data.delay}`,
      job.processedOn - job.timestamp,
      job.data.delay,
      20000,
    );
  const job = await queue.add("later", { delay: 0 }, { delay: 600000 });
  equal("its state", await job.getState(), "delayed");
  await job.promote();
  await completed(app, queue, 5);
  equal("its state after promote", await job.getState(), "completed");
}

// A job that fails is tried again, with a pause; one that always fails ends as failed and can be tried again by hand.
async function retried(app) {
  const queue = await app.open("Queue", "payments");
  let open = false;
  await app.open("Worker", "payments", async (job) => {
    if (job.name === "shaky" && job.attemptsMade < 2) throw new Error(`attempt ${job.attemptsMade}`);
    if (job.name === "closed" && !open) throw new Error("the bank is closed");
    return job.attemptsMade;
  });
  const options = { attempts: 3, backoff: { type: "fixed", delay: 50 } };
  const shaky = await Promise.all(range(10).map((number) => queue.add("shaky", { number }, options)));
  const closed = await queue.add("closed", {}, options);
  await completed(app, queue, 10);
  for (const { id } of shaky) {
    const job = await queue.getJob(id);
    equal("a shaky job", [job.returnvalue, job.attemptsMade, job.stacktrace.length], [2, 3, 2]);
  }
  await eventually("the failed job", async () => (await queue.getFailedCount()) === 1);
  const failed = await queue.getJob(closed.id);
  equal(
    "the failed job",
    [failed.failedReason, failed.attemptsMade, await failed.getState()],
    ["the bank is closed", 3, "failed"],
  );
  open = true;
  await failed.retry();
  await completed(app, queue, 11);
  equal("its state after retry", await failed.getState(), "completed");
}

// Urgent jobs first; a paused queue does nothing.
async function priorities(app) {
  const queue = await app.open("Queue", "orders");
  const order = [];
  await queue.pause();
  await app.open("Worker", "orders", async (job) => order.push(job.name));
  for (const [name, priority] of [
    ["low", 10],
    ["high", 1],
    ["middle", 5],
    ["lowest", 20],
    ["second high", 1],
  ])
    await queue.add(name, {}, { priority });
  equal("paused", [await queue.isPaused(), order], [true, []]);
  await queue.resume();
  await completed(app, queue, 5);
  equal("the order", order, ["high", "second high", "middle", "low", "lowest"]);
}

// What happens to jobs is told to another process; a caller waits for its job's result.
async function events(app) {
  const queue = await app.open("Queue", "images");
  const listener = await app.open("QueueEvents", "images");
  const heard = { completed: [], failed: [], progress: [] };
  listener.on("completed", ({ returnvalue }) => heard.completed.push(returnvalue));
  listener.on("failed", ({ failedReason }) => heard.failed.push(failedReason));
  listener.on("progress", ({ data }) => heard.progress.push(data));
  await app.open("Worker", "images", async (job) => {
    await job.updateProgress(50);
    if (job.data.number === 3) throw new Error("not an image");
    return `image ${job.data.number}`;
  });
  const jobs = await Promise.all(range(10).map((number) => queue.add("resize", { number })));
  for (const [number, job] of jobs.entries()) {
    app.checkQuiet();
    const result = await job.waitUntilFinished(listener, 10000).catch((error) => error.message);
    equal("the result that a caller waited for", result, number === 3 ? "not an image" : `image ${number}`);
  }
  await eventually(
    "the events",
    () => heard.completed.length + heard.failed.length >= 10 && heard.progress.length >= 10,
  );
  sameItems(
    "completed",
    heard.completed,
    range(10)
      .filter((number) => number !== 3)
      .map((number) => `image ${number}`),
  );
  equal("failed, progress", [heard.failed, heard.progress], [["not an image"], range(10).map(() => 50)]);
}

// A job that waits for its children, and gets their results.
async function flows(app) {
  const queue = await app.open("Queue", "reports");
  await app.open("Queue", "pages");
  await app.open("Worker", "pages", async (job) => job.data.page * 10);
  await app.open("Worker", "reports", async (job) => {
    const values = Object.values(await job.getChildrenValues());
    return values.reduce((sum, value) => sum + value, 0);
  });
  const flow = await app.open("FlowProducer");
  const children = range(5).map((page) => ({ name: "page", queueName: "pages", data: { page } }));
  const tree = await flow.add({ name: "report", queueName: "reports", data: {}, children });
  await completed(app, queue, 1);
  equal("the sum of the pages", (await queue.getJob(tree.job.id)).returnvalue, 100);
}

// A job that comes again and again, until its schedule is removed.
async function schedules(app) {
  const queue = await app.open("Queue", "cleaning");
  await app.open("Worker", "cleaning", async () => "clean");
  await queue.upsertJobScheduler("every", { every: 150 }, { name: "clean", data: { room: 1 } });
  await completed(app, queue, 3);
  equal(
    "the schedules",
    (await queue.getJobSchedulers()).map(({ key, every }) => [key, Number(every)]),
    [["every", 150]],
  );
  equal("removal", await queue.removeJobScheduler("every"), true);
  await eventually("no job to come", async () => (await queue.getDelayedCount()) === 0);
  ok(
    "its data",
    (await queue.getCompleted()).every(({ data }) => data.room === 1),
    "other data",
  );
}

module.exports = {
  processed: { run: processed },
  delayed: { run: delayed },
  retried: { run: retried },
  priorities: { run: priorities },
  events: { run: events },
  flows: { run: flows },
  schedules: { run: schedules },
};
