// bullmq.mjs REDIS_PORT JOBS: as many delayed jobs as asked for, all due within one second, on a Redis without fsync. Prints
// JSON: how late each started, in milliseconds: p50, p99, max. A job does nothing but note that it started.
import { Queue, Worker } from 'bullmq';

const connection = { host: '127.0.0.1', port: Number(process.argv[2]), maxRetriesPerRequest: null };
const jobs = Number(process.argv[3]);
const queue = new Queue('burst', { connection });
const lateness = [];
let first = 0;
const done = new Promise((resolve) => {
  const worker = new Worker('burst', async (job) => {
    lateness.push(Date.now() - job.data.due);
    if (lateness.length === jobs) {
      resolve(worker);
    }
  }, { connection, concurrency: 200 });
});

first = Date.now() + 5000 + Math.round(jobs / 3);
for (let i = 0; i < jobs; i += 500) {
  const some = [];
  for (let j = i; j < Math.min(jobs, i + 500); j += 1) {
    const due = first + Math.floor((j * 1000) / jobs);
    some.push({ name: 'post', data: { due, text: 'x'.repeat(300) }, opts: { delay: due - Date.now(), removeOnComplete: true } });
  }
  await queue.addBulk(some);
}
const early = Date.now() < first;
await done;
lateness.sort((a, b) => a - b);
console.log(JSON.stringify({
  early,
  p50: lateness[Math.floor(jobs / 2)],
  p99: lateness[Math.floor((jobs * 99) / 100)],
  max: lateness[jobs - 1],
}));
process.exit(0);
