import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import prettier from 'eslint-config-prettier';
import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/**
 * Who may import whom, from the ground up. Everything may import `common`. The files in `src/` itself (main, app.*,
 * index) compose the service, and no folder imports them; only `app.module.ts` knows the features, so that each can be
 * deleted together with its line there.
 */
const GROUND = ['config', 'database', 'events', 'limits', 'news'];
const ARROWS = {
  common: [],
  config: [],
  database: ['config'],
  limits: ['config', 'database'],
  news: ['config', 'database'],
  tokens: ['config', 'database', 'events', 'news'],
  guard: ['config', 'tokens'],
  events: ['config', 'database'],
  users: GROUND,
  links: GROUND,
  mail: ['users', ...GROUND],
  notices: ['mail', 'users', ...GROUND],
  passwords: ['users', ...GROUND],
  sessions: ['tokens', 'users', ...GROUND],
  auth: ['guard', 'sessions', 'passwords', 'mail', 'tokens', 'users', ...GROUND],
  'second-factors': ['auth', 'guard', 'sessions', 'passwords', 'notices', 'mail', 'users', ...GROUND],
  client: ['guard', 'tokens', 'config'],
  'service-clients': ['config', 'database', 'events'],
  testing: ['client', 'service-clients', 'tokens', 'config'],
};

/** Any other folder of `src/` is a feature: it may import `auth` and everything below, and no other feature. */
const FEATURE = Object.keys(ARROWS);

const entries = readdirSync(join(import.meta.dirname, 'src'), { withFileTypes: true });
const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);

const zones = [
  ...folders.map((name) => {
    const allowed = [...new Set([name, 'common', ...(ARROWS[name] ?? FEATURE)])];
    return {
      target: `./src/${name}`,
      from: './src',
      except: allowed.map((folder) => `./${folder}`),
      message: `src/${name} may import only: ${allowed.join(', ')} (the arrows in eslint.config.js).`,
    };
  }),
  {
    target: files.filter((name) => name !== 'app.module.ts').map((name) => `./src/${name}`),
    from: folders.filter((name) => !FEATURE.includes(name)).map((name) => `./src/${name}`),
    message: 'Only src/app.module.ts knows the features.',
  },
];

/**
 * TypeScript erases `import type`, and with it what Nest reads at run time: of a body's class, silently, all of its
 * validation; of an injected class, the ability to inject it.
 */
const runtimeTypesAreValues = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { erased: 'Import {{name}} as a value: Nest needs the class.' },
  },
  create(context) {
    const check = (parameter) => {
      const type = (parameter.parameter ?? parameter.left ?? parameter).typeAnnotation?.typeAnnotation;
      const name = type?.type === 'TSTypeReference' && type.typeName.name;
      if (!name) return;
      for (let scope = context.sourceCode.getScope(parameter); scope; scope = scope.upper) {
        const [definition] = scope.set.get(name)?.defs ?? [];
        if (definition?.type !== 'ImportBinding') continue;
        if (definition.parent.importKind === 'type' || definition.node.importKind === 'type') {
          context.report({ node: type, messageId: 'erased', data: { name } });
        }
      }
    };
    const decoratedBy = (node, names) =>
      node.decorators?.some((d) => names.includes(d.expression.callee?.name));
    return {
      MethodDefinition({ kind, parent, value }) {
        if (kind === 'constructor' && parent.parent.decorators?.length) {
          value.params.filter((parameter) => !decoratedBy(parameter, ['Inject'])).forEach(check);
        }
        value.params.filter((parameter) => decoratedBy(parameter, ['Body', 'Query', 'Param'])).forEach(check);
      },
    };
  },
};

const CLOCK = 'Ask the injected Clock (src/common/clock.ts), so that tests can hold time still.';
const ENVIRONMENT = 'Only src/config reads the environment; inject AppConfig.';
const noNow = [
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: CLOCK },
  { selector: 'CallExpression[callee.name="Date"]', message: CLOCK },
];
const noNowMs = { object: 'Date', property: 'now', message: CLOCK };
const noEnvironment = { object: 'process', property: 'env', message: ENVIRONMENT };
const noEnvironmentImport = {
  selector: 'ImportDeclaration[source.value=/^(node:)?process$/]',
  message: ENVIRONMENT,
};
const noWeakRandomness = { object: 'Math', property: 'random', message: 'Use node:crypto.' };
const noHttpException = {
  selector: 'NewExpression[callee.name=/Exception$/]',
  message: 'Throw a DomainError (src/common/domain-error.ts): services know nothing of HTTP.',
};
const syntax = (...rules) => ({ 'no-restricted-syntax': ['error', ...rules] });
const properties = (...rules) => ({ 'no-restricted-properties': ['error', ...rules] });

export default tseslint.config(
  {
    ignores: [
      '**/dist/',
      'examples/nuxt/',
      'data/',
      'coverage/',
      'node_modules/',
      '**/.nuxt/',
      '**/.output/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['*.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: {
      'import-x': importX,
      tokenhouse: { rules: { 'runtime-types-are-values': runtimeTypesAreValues } },
    },
    settings: {
      'import-x/extensions': ['.ts', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [
        createNodeResolver({
          extensions: ['.ts', '.js', '.json'],
          extensionAlias: { '.js': ['.ts', '.js'] },
        }),
      ],
    },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // Interfaces of Nest and Fastify are asynchronous also where an implementation has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // An empty class with a decorator is a Nest module.
      '@typescript-eslint/no-extraneous-class': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-control-regex': 'error',
      'no-constant-condition': 'error',
      'no-empty': 'error',
      'import-x/no-cycle': 'error',
      'import-x/no-self-import': 'error',
      'tokenhouse/runtime-types-are-values': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones }],
      'max-lines': ['error', { max: 250 }],
      ...syntax(noHttpException, ...noNow, noEnvironmentImport),
      ...properties(noNowMs, noEnvironment, noWeakRandomness),
    },
  },
  { files: ['src/**/migrations/*.ts'], rules: { 'max-lines': 'off' } },
  // Turns Nest's own exceptions into ours.
  { files: ['src/app.filter.ts'], rules: syntax(...noNow, noEnvironmentImport) },
  { files: ['src/config/*.ts'], rules: properties(noNowMs, noWeakRandomness) },
  // The launcher starts and stops another process in real time, before there is anything to inject.
  {
    files: ['src/common/clock.ts', 'src/database/embedded/*.ts'],
    rules: properties(noEnvironment, noWeakRandomness),
  },
  // A host application sees only the package's door. Its own tsconfig finds that only where it is installed, so the
  // types are left to `npm run typecheck`.
  {
    files: ['examples/**/*.ts'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: {
      'import-x/no-restricted-paths': [
        'error',
        {
          basePath: import.meta.dirname,
          zones: [
            {
              target: './examples',
              from: './src',
              except: ['./index.ts', './client/index.ts', './testing/index.ts'],
            },
          ],
        },
      ],
    },
  },
  // What the benchmark measures against is installed in its own folder, and only to run it.
  { files: ['bench/**/*.ts'], extends: [tseslint.configs.disableTypeChecked] },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Bodies of answers are `any` until a test has looked at them.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // Fixtures are object literals, taken apart by whoever uses them.
      '@typescript-eslint/unbound-method': 'off',
      // A test's server or fixture may take an asynchronous callback.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
    },
  },
  prettier,
);
