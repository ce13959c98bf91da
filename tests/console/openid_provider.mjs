// A real OpenID provider (npm oidc-provider, certified by the OpenID Foundation) for one test.
// node openid_provider.mjs <port> <redirect uri>; its own simple pages ask who one is.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [port, redirect] = process.argv.slice(2);
const found = createRequire(`${process.cwd()}/`).resolve('oidc-provider');
const { default: Provider } = await import(pathToFileURL(found));
const people = {
  ada: { email: 'ada@sso.example', name: 'Ada Approves', groups: ['treasury', 'canteen'] },
  taken: { email: 'taken@sso.example', name: 'Taken', groups: ['treasury'] },
};
let groups = people.ada.groups;
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'nostro', client_secret: 'a secret of the test', redirect_uris: [redirect] }],
  claims: { openid: ['sub'], email: ['email'], profile: ['name', 'groups'] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, ...people[id], groups: id === 'ada' ? groups : people[id]?.groups }),
  }),
  pkce: { required: () => true },
});
provider.use(async (ctx, next) => {
  if (ctx.path !== '/groups') return next();
  groups = ctx.query.of ? [].concat(ctx.query.of) : [];
  ctx.body = 'so be it';
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
