// A certified OpenID provider as an authorization server for tests: one process, loopback, no state on disk.
//
//   node idp.mjs     prints {"issuer": ...} on one line when it is ready; ends with its standard input, so that it
//                    outlives neither a killed test run nor the wrapper it may have been started by
//
// The client `service` gets RFC 9068 access tokens by client_credentials. Tests drive its keys by a control path that
// is no part of any protocol, each call answered with the published keys as [{kid, alg}]:
//
//   POST /test/sign?alg=ES256               which algorithm signs access tokens from now on
//   POST /test/rotate?alg=ES256             a new key for alg, in front; the older ones stay published
//   POST /test/drop?kid=...                 takes a key out of the key set
import http from 'node:http'
import * as jose from 'jose'
import Provider from 'oidc-provider'

const algorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'Ed25519']
const scopes = 'orders:read orders:write'

let keysMade = 0
async function newKey(alg) {
  const { privateKey } = await jose.generateKeyPair(alg, { extractable: true })
  return { ...(await jose.exportJWK(privateKey)), alg, use: 'sig', kid: `${alg}-${++keysMade}` }
}

let issuer, handle
let signingAlgorithm = 'RS256'
let keys = await Promise.all(algorithms.map(newKey))

// A Provider reads its keys once, so every change of keys is a new Provider behind the same address.
function rebuild() {
  handle = new Provider(issuer, {
    jwks: { keys },
    clients: [{
      client_id: 'service', client_secret: 'service-secret-service-secret', scope: scopes,
      grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
    }],
    scopes: scopes.split(' '),
    enabledJWA: { idTokenSigningAlgValues: algorithms },
    extraTokenClaims: () => ({ roles: ['reader'], permissions: ['orders:read'] }),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'https://api.example',
        getResourceServerInfo: (_context, audience) => ({
          scope: scopes, audience, accessTokenFormat: 'jwt', accessTokenTTL: 300,
          jwt: { sign: { alg: signingAlgorithm } },
        }),
      },
    },
  }).callback()
}

const control = {
  '/test/sign': (query) => { signingAlgorithm = query.get('alg') },
  '/test/rotate': async (query) => { keys = [await newKey(query.get('alg')), ...keys] },
  '/test/drop': (query) => { keys = keys.filter((key) => key.kid !== query.get('kid')) },
}

const server = http.createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, issuer)
  if (!(pathname in control)) return handle(request, response)
  await control[pathname](searchParams)
  rebuild()
  response.setHeader('Content-Type', 'application/json')
  response.end(JSON.stringify(keys.map(({ kid, alg }) => ({ kid, alg }))))
})

server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`
  rebuild()
  console.log(JSON.stringify({ issuer }))
})

process.stdin.resume().on('end', () => process.exit(0))
