'use strict';
// pds.cjs PORT PLC_PORT: a real PDS (@atproto/pds) with a real PLC directory (in memory) on loopback, no internet. Prints "READY
// URL" when it serves; ends on SIGTERM. PDS_RATE_LIMITS=1 turns its real rate limits on.
const fs = require('fs');
const os = require('os');
const path = require('path');
const crypto = require('crypto');
const plc = require('@did-plc/server');
const { PDS, envToCfg, envToSecrets } = require('@atproto/pds');
const { Secp256k1Keypair } = require('@atproto/crypto');

async function main() {
  const port = Number(process.argv[2]);
  const plcPort = Number(process.argv[3]);
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'openpost-pds-'));
  fs.mkdirSync(path.join(data, 'blobs'));
  const directory = plc.PlcServer.create({ db: plc.Database.mock(), port: plcPort });
  await directory.start();
  const recovery = await Secp256k1Keypair.create();
  const env = {
    devMode: true,
    port,
    hostname: 'localhost',
    dataDirectory: data,
    blobstoreDiskLocation: path.join(data, 'blobs'),
    recoveryDidKey: recovery.did(),
    adminPassword: crypto.randomBytes(16).toString('hex'),
    jwtSecret: process.env.PDS_JWT_SECRET || crypto.randomBytes(16).toString('hex'),
    serviceHandleDomains: ['.test'],
    didPlcUrl: `http://localhost:${plcPort}`,
    bskyAppViewUrl: 'https://appview.invalid',
    bskyAppViewDid: 'did:example:invalid',
    bskyAppViewCdnUrlPattern: 'http://cdn.invalid/%s/%s/%s',
    modServiceUrl: 'https://moderator.invalid',
    modServiceDid: 'did:example:invalid',
    plcRotationKeyK256PrivateKeyHex: crypto.randomBytes(32).toString('hex'),
    inviteRequired: false,
    disableSsrfProtection: true,
    rateLimitsEnabled: process.env.PDS_RATE_LIMITS === '1',
  };
  const pds = await PDS.create(envToCfg(env), envToSecrets(env));
  await pds.start();
  console.log(`READY http://localhost:${port}`);
  const stop = async () => {
    await pds.destroy();
    await directory.destroy();
    fs.rmSync(data, { recursive: true, force: true });
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().catch((error) => {
  console.error('FAILED', error);
  process.exit(1);
});
