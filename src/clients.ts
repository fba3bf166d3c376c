import { parseArgs } from 'node:util';
import { CommandError, type CommandWork, runCommand } from './app.command.js';
import {
  SERVICE_CLIENT_SCOPES,
  type ServiceClient,
  type ServiceClientScope,
} from './service-clients/service-client.entity.js';
import { ServiceClientsModule } from './service-clients/service-clients.module.js';
import { ServiceClientsService } from './service-clients/service-clients.service.js';

const USAGE = `Usage: npm run clients -- COMMAND

  create NAME --scope SCOPE [--scope SCOPE]   makes a service client and tells its secret, once
  list                                        shows every client
  rotate ID                                   gives it a new secret; the former one ends at once
  delete ID                                   ends its credentials at once

Scopes: ${SERVICE_CLIENT_SCOPES.join(', ')}
With --json it prints JSON, for scripts.`;

type Action = (clients: ServiceClientsService) => Promise<string>;

interface Options {
  scope: string[];
  json: boolean;
}

const ACTIONS: Record<string, (argument: string, options: Options) => Action> = {
  create,
  list,
  rotate,
  delete: remove,
};

/** `npm run clients`: makes and ends the credentials with which other services ask about tokens. */
await runCommand({ usage: USAGE, imports: [ServiceClientsModule], read });

function read(args: string[]): CommandWork {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      scope: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
    },
  });
  const [name = '', argument = '', ...rest] = positionals;
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!action || rest.length > 0 || (argument === '') !== (name === 'list')) throw new CommandError(USAGE);
  const act = action(argument, values);
  return (app) => act(app.get(ServiceClientsService));
}

function create(name: string, { scope, json }: Options): Action {
  if (!/^[\w.-]{1,64}$/.test(name))
    throw new CommandError('A name has 1 to 64 letters, digits, dots, dashes and underscores.');
  const scopes = [...new Set(scope)].map(requireScope);
  if (scopes.length === 0)
    throw new CommandError(`Say with --scope what it may do:\n${SERVICE_CLIENT_SCOPES.join('\n')}`);
  return async (clients) => {
    const { client, secret } = await clients.create(name, scopes);
    if (json) return JSON.stringify({ ...told(client), secret });
    return [
      `The service client ${name} may use ${scopes.join(', ')}.`,
      '',
      ...credentials(client.id, secret),
    ].join('\n');
  };
}

function requireScope(scope: string): ServiceClientScope {
  const known = SERVICE_CLIENT_SCOPES.find((each) => each === scope);
  if (!known)
    throw new CommandError(`There is no scope ${scope}. There are:\n${SERVICE_CLIENT_SCOPES.join('\n')}`);
  return known;
}

function list(_argument: string, { json }: Options): Action {
  return async (clients) => {
    const all = (await clients.list()).map(told);
    if (json) return JSON.stringify(all);
    if (all.length === 0)
      return 'There are no service clients yet. Make one with: npm run clients -- create NAME --scope SCOPE';
    return all
      .map(({ id, name, scopes, createdAt }) => [id, createdAt, name, scopes.join(' ')].join('  '))
      .join('\n');
  };
}

function rotate(id: string, { json }: Options): Action {
  return async (clients) => {
    const secret = await clients.rotate(id);
    if (secret === null) throw noSuchClient(id);
    return json
      ? JSON.stringify({ id, secret })
      : ['Its former secret does not count any more.', '', ...credentials(id, secret)].join('\n');
  };
}

function remove(id: string, { json }: Options): Action {
  return async (clients) => {
    if (!(await clients.delete(id))) throw noSuchClient(id);
    return json ? JSON.stringify({ id }) : 'It is gone, and its credentials do not count any more.';
  };
}

/** What may be told of a client: never its secret's hash. */
function told({ id, name, scopes, createdAt }: ServiceClient): {
  id: string;
  name: string;
  scopes: string[];
  createdAt: string;
} {
  return { id, name, scopes, createdAt: createdAt.toISOString() };
}

function credentials(id: string, secret: string): string[] {
  return [
    `  client_id      ${id}`,
    `  client_secret  ${secret}`,
    '',
    'The secret will not be shown again: keep it now, where the other service reads its secrets.',
  ];
}

function noSuchClient(id: string): CommandError {
  return new CommandError(`There is no service client ${id}. See npm run clients -- list.`);
}
