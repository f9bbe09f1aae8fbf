// A real OpenID provider (npm oidc-provider) on loopback, with one client, PKCE required, and a login that nobody has to type.
//
//   node provider.mjs PORT REDIRECT_URI [--alg RS256] [--client-auth client_secret_basic] [--claims id_token] [--break WHAT]
//
// Prints "READY http://127.0.0.1:PORT" once it answers: that is its issuer. Ends with SIGTERM.
//
//   --alg          what ID Tokens are signed with: RS256 (and 384, 512), PS256 …, ES256, ES384
//   --client-auth  client_secret_basic, client_secret_post, or none: a public client, with PKCE alone
//   --claims       where email and name stand: id_token, or userinfo: at the UserInfo endpoint alone (OpenID Connect Core 1.0, 5.4)
//   --break        what is wrong with ID Tokens, which are signed anew: see BREAKS; nothing is by default
//
// The client: id "openpost", secret "a secret: with/odd+characters" (in basic authorization both are form-urlencoded, RFC 6749 2.3.1).
// A browser that follows the redirects from the authorization URL, and keeps cookies, ends at REDIRECT_URI?code=…&state=…&iss=….
// Who signs in is the parameter login_hint, which a test may append to that URL, "ada" without one: the subject is "ada", the
// address ada@example.org, which is verified unless the name begins with "unverified", the name is "Ada". login_hint=deny: access_denied.
//
// While it runs, GET /test/break?what=WHAT breaks tokens from now on (what=nothing: mends them); GET /test/rotate makes a new key,
// which alone is published and signs from now on; GET /test/counts tells how often each path was asked for, as JSON.
import { createServer } from 'node:http'
import { generateKeyPair, exportJWK, SignJWT, UnsecuredJWT, decodeJwt } from 'jose'
import Provider from 'oidc-provider'

const [port, redirectUri, ...rest] = process.argv.slice(2)
const options = { '--alg': 'RS256', '--client-auth': 'client_secret_basic', '--claims': 'id_token', '--break': 'nothing' }
for (let i = 0; i < rest.length; i += 2) {
  if (!(rest[i] in options) || rest[i + 1] === undefined) throw new Error(`unknown option ${rest[i]}`)
  options[rest[i]] = rest[i + 1]
}
const alg = options['--alg']
const issuer = `http://127.0.0.1:${port}`
const seconds = () => Math.floor(Date.now() / 1000)

// What each makes of the claims; header: another header; key: another key.
const BREAKS = {
  nothing: (claims) => ({ claims }),
  aud: (claims) => ({ claims: { ...claims, aud: 'somebody-else' } }),
  azp: (claims) => ({ claims: { ...claims, aud: ['openpost', 'somebody-else'], azp: 'somebody-else' } }),
  nonce: (claims) => ({ claims: { ...claims, nonce: 'another-nonce' } }),
  no_nonce: ({ nonce, ...claims }) => ({ claims }),
  expired: (claims) => ({ claims: { ...claims, iat: seconds() - 7200, exp: seconds() - 3600 } }),
  future: (claims) => ({ claims: { ...claims, iat: seconds() + 3600, exp: seconds() + 7200 } }),
  iss: (claims) => ({ claims: { ...claims, iss: `${issuer}/` } }),
  no_sub: ({ sub, ...claims }) => ({ claims }),
  signature: (claims) => ({ claims, foreign: true }),
  kid: (claims) => ({ claims, kid: 'a-key-that-nobody-published' }),
  none: (claims) => ({ claims, none: true }),
  hs256: (claims) => ({ claims, hs256: true }),
}

const makeKey = async (kid) => {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const shown = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }
  return { kid, privateKey, shown, hidden: { ...(await exportJWK(privateKey)), kid, alg, use: 'sig' } }
}

let broken = options['--break']
let rotated = null
const first = await makeKey('key-1')
const foreign = await makeKey('key-1')
const counts = {}

const account = (id) => ({
  accountId: id,
  claims: () => ({
    sub: id,
    email: `${id}@example.org`,
    email_verified: !id.startsWith('unverified'),
    name: id[0].toUpperCase() + id.slice(1),
  }),
})

const client = {
  client_id: 'openpost',
  redirect_uris: [redirectUri],
  response_types: ['code'],
  grant_types: ['authorization_code'],
  token_endpoint_auth_method: options['--client-auth'],
  id_token_signed_response_alg: alg,
  ...(options['--client-auth'] === 'none' ? {} : { client_secret: 'a secret: with/odd+characters' }),
}

const provider = new Provider(issuer, {
  clients: [client],
  jwks: { keys: [first.hidden] },
  pkce: { required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  conformIdTokenClaims: options['--claims'] === 'userinfo',
  features: { devInteractions: { enabled: false } },
  enabledJWA: { idTokenSigningAlgValues: [alg] },
  clientAuthMethods: [options['--client-auth']],
  cookies: { keys: ['a key for cookies'] },
  findAccount: (ctx, id) => account(id),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: 'openpost', accountId: ctx.oidc.session.accountId })
    grant.addOIDCScope('openid email profile')
    await grant.save()
    return grant
  },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
})

const signAnew = async (token) => {
  const wrong = BREAKS[broken](decodeJwt(token))
  const key = wrong.foreign ? foreign : rotated ?? first
  if (wrong.none) return new UnsecuredJWT(wrong.claims).encode()
  if (wrong.hs256) {
    const secret = new TextEncoder().encode(JSON.stringify(key.shown))
    return new SignJWT(wrong.claims).setProtectedHeader({ alg: 'HS256', kid: key.kid }).sign(secret)
  }
  return new SignJWT(wrong.claims).setProtectedHeader({ alg, kid: wrong.kid ?? key.kid }).sign(key.privateKey)
}

provider.use(async (ctx, next) => {
  await next()
  if (ctx.path === '/token' && ctx.body?.id_token && (broken !== 'nothing' || rotated)) {
    ctx.body = { ...ctx.body, id_token: await signAnew(ctx.body.id_token) }
  }
  if (ctx.path === '/jwks' && rotated) ctx.body = { keys: [rotated.shown] }
})

const login = async (request, response) => {
  const { params } = await provider.interactionDetails(request, response)
  const who = params.login_hint ?? 'ada'
  const result = who === 'deny' ? { error: 'access_denied', error_description: 'they would not' } : { login: { accountId: who } }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
}

const answer = (response, status, body) => {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify(body))
}

const handle = provider.callback()
const server = createServer(async (request, response) => {
  const url = new URL(request.url, issuer)
  counts[url.pathname] = (counts[url.pathname] ?? 0) + 1
  if (url.pathname.startsWith('/interaction/')) return login(request, response)
  if (url.pathname === '/test/break') {
    const what = url.searchParams.get('what')
    if (!(what in BREAKS)) return answer(response, 404, Object.keys(BREAKS))
    broken = what
    return answer(response, 200, { broken })
  }
  if (url.pathname === '/test/rotate') {
    rotated = await makeKey(`key-${Date.now()}`)
    return answer(response, 200, { kid: rotated.kid })
  }
  if (url.pathname === '/test/counts') return answer(response, 200, counts)
  return handle(request, response)
})

if (!(broken in BREAKS)) throw new Error(`--break: one of ${Object.keys(BREAKS).join(', ')}`)
server.listen(Number(port), '127.0.0.1', () => console.log(`READY ${issuer}`))
process.on('SIGTERM', () => process.exit(0))
