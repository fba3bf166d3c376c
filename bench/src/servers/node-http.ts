import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from './calls.js';
import { GREETING } from './greeting.js';

/** As little as a server of Node's can do. */
const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(GREETING));
});
server.listen(0, '127.0.0.1', () => serve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
