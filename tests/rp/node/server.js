// passport-wsfed-saml2 behind an HTTPS listener: GET /login starts a sign-in, POST /callback takes the answer.
// usage: node server.js CONFIGURATION.json; prints its port. Configuration: realm, wreply, identityProviderUrl, cert
// (base64 DER), tlsCert and tlsKey (files).
'use strict';

const fs = require('fs');
const https = require('https');
const querystring = require('querystring');
const { URL } = require('url');
const { Strategy } = require('passport-wsfed-saml2');

const configuration = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const LIMIT = 4 * 1024 * 1024;

// One attempt on the strategy, with the calls that passport would make.
function attempt(request, wctx, response) {
  const strategy = new Strategy(
    {
      realm: configuration.realm,
      wreply: configuration.wreply,
      homeRealm: '',
      identityProviderUrl: configuration.identityProviderUrl,
      cert: configuration.cert,
      checkCertExpiration: true,
      recipientUrl: configuration.wreply,
    },
    (profile, done) => done(null, profile),
  );
  const answer = (status, body) => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  strategy.success = (user) => answer(200, { user, wctx: request.body && request.body.wctx });
  strategy.fail = (challenge) => answer(403, { refused: String(challenge) });
  strategy.error = (error) => answer(403, { refused: String(error && error.message) });
  strategy.redirect = (location) => {
    response.writeHead(302, { Location: location });
    response.end();
  };
  try {
    strategy.authenticate(request, wctx ? { wctx } : {});
  } catch (error) {
    strategy.error(error);
  }
}

const server = https.createServer(
  { cert: fs.readFileSync(configuration.tlsCert), key: fs.readFileSync(configuration.tlsKey) },
  (request, response) => {
    const url = new URL(request.url, configuration.wreply);
    if (request.method !== 'POST') {
      attempt({ method: 'GET', query: {}, headers: request.headers }, url.searchParams.get('state'), response);
      return;
    }
    let body = '';
    request.on('data', (part) => {
      body += part;
      if (body.length > LIMIT) request.destroy();
    });
    request.on('end', () => {
      const fields = { ...querystring.parse(body) };
      attempt({ method: 'POST', body: fields, headers: request.headers, url: request.url, originalUrl: request.url }, null, response);
    });
  },
);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
