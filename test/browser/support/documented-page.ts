import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The JavaScript that a page of the documentation shows as the file `name`: what is tried is what people copy. */
export async function documentedScript(page: string, name: string): Promise<string> {
  const text = await readFile(`docs/${page}`, 'utf8');
  const blocks = [...text.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
  const script = blocks.find((code) => code.startsWith(`// ${name}\n`));
  if (script === undefined) throw new Error(`docs/${page} has no block of JavaScript that is ${name}.`);
  return script;
}

/** Calls what the module exports by its name, because a test cannot hold its functions. */
const HTML = `<!doctype html>
<title>A frontend</title>
<script type="module">
  import * as script from './script.js';
  globalThis.run = async (name, parameters) => {
    try {
      return { value: await script[name](...parameters) };
    } catch (error) {
      return { refused: error.code && typeof error.code === 'string' ? error.code : error.name };
    }
  };
</script>`;

/** A frontend on an origin of its own, whose script may be set later. */
export class DocumentedPage {
  script = '';

  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  static async start(): Promise<DocumentedPage> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const page = new DocumentedPage(server, `http://localhost:${port}`);
    server.on('request', ({ url }, response) => {
      const isScript = url === '/script.js';
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.end(isScript ? page.script : HTML);
    });
    return page;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
