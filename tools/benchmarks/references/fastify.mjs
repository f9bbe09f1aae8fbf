// fastify.mjs PORT SOCKET_FOLDER KEY WORKERS: what one would write with Fastify and PostgreSQL: POST /v1/posts with an API
// key, a body validated by its JSON schema, an Idempotency-Key that is unique per workspace, and one row that is
// durable before the answer. Less than OpenPost does: no history, no read models, no rendering. Prints READY.
import cluster from 'node:cluster';
import crypto from 'node:crypto';
import Fastify from 'fastify';
import pg from 'pg';

const [port, host, key, workers] = process.argv.slice(2);
const connections = { host, port: 5432, user: 'postgres', database: 'postgres' };

const schema = {
  type: 'object',
  required: ['content', 'targets'],
  additionalProperties: false,
  properties: {
    content: {
      type: 'object',
      required: ['text'],
      additionalProperties: false,
      properties: { text: { type: 'string', minLength: 1, maxLength: 3000 } },
    },
    targets: {
      type: 'array',
      minItems: 1,
      maxItems: 50,
      items: {
        type: 'object',
        required: ['integration_id'],
        properties: { integration_id: { type: 'string', pattern: '^int_[0-9a-z]{26}$' } },
      },
    },
    schedule: { type: 'object', properties: { at: { type: 'string', format: 'date-time' } } },
    metadata: { type: 'object', maxProperties: 20, additionalProperties: { type: 'string', maxLength: 256 } },
  },
};

const insert = {
  name: 'insert',
  text: `INSERT INTO posts (id, workspace, idempotency_key, due, body) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (workspace, idempotency_key) DO NOTHING`,
};

async function serve() {
  const pool = new pg.Pool({ ...connections, max: Math.ceil(64 / Number(workers)) });
  const keys = new Map();
  for (const row of (await pool.query('SELECT hash, workspace FROM keys')).rows) {
    keys.set(row.hash, row.workspace);
  }
  const app = Fastify();
  app.post('/v1/posts', { schema: { body: schema } }, async (request, reply) => {
    const bearer = (request.headers.authorization ?? '').slice(7);
    const workspace = keys.get(crypto.createHash('sha256').update(bearer).digest('hex'));
    const name = request.headers['idempotency-key'];
    if (workspace === undefined || name === undefined) {
      return reply.code(401).send({ error: 'unauthorized' });
    }
    const id = crypto.randomUUID();
    const { body } = request;
    const made = await pool.query({ ...insert, values: [id, workspace, name, body.schedule?.at, JSON.stringify(body)] });
    if (made.rowCount === 0) {
      const old = await pool.query('SELECT id FROM posts WHERE workspace = $1 AND idempotency_key = $2', [workspace, name]);
      return reply.code(201).send({ id: old.rows[0].id, status: 'scheduled' });
    }
    return reply.code(201).send({ id, status: 'scheduled', ...body });
  });
  await app.listen({ port: Number(port), host: '127.0.0.1', backlog: 1024 });
}

if (cluster.isPrimary) {
  const client = new pg.Client(connections);
  await client.connect();
  await client.query(`CREATE TABLE IF NOT EXISTS keys (hash text PRIMARY KEY, workspace uuid NOT NULL)`);
  await client.query(`CREATE TABLE IF NOT EXISTS posts (id uuid PRIMARY KEY, workspace uuid NOT NULL, idempotency_key text NOT NULL,
    due timestamptz, body text NOT NULL, created timestamptz NOT NULL DEFAULT now(), UNIQUE (workspace, idempotency_key))`);
  await client.query('INSERT INTO keys VALUES ($1, $2) ON CONFLICT DO NOTHING', [crypto.createHash('sha256').update(key).digest('hex'), crypto.randomUUID()]);
  await client.end();
  let listening = 0;
  const children = Array.from({ length: Number(workers) }, () => cluster.fork());
  cluster.on('listening', () => {
    listening += 1;
    if (listening === children.length) {
      console.log('READY');
    }
  });
  process.on('SIGTERM', () => {
    children.forEach((child) => child.process.kill('SIGKILL'));
    process.exit(0);
  });
} else {
  process.on('disconnect', () => process.exit(0));
  await serve();
}
