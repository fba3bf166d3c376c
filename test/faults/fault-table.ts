import type { Reporter, TestCase, TestModule } from 'vitest/node';
import './finding.js';

const HEAD = ['Fault', 'What was done', 'Load', 'What clients saw', 'Recovered', 'Promise'];

/** Prints what the run did and found, as a table that a page of the documentation can take as it is. */
export class FaultTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const cases = modules.flatMap((module) => [...module.children.allTests()]);
    if (cases.length === 0) return;
    const rows = [HEAD, HEAD.map(() => '---'), ...cases.map(rowOf)];
    process.stdout.write(`\n${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n\n`);
  }
}

function rowOf(test: TestCase): string[] {
  const { done = '', load = '', seen = '', recovery = '' } = test.meta().finding ?? {};
  return [test.fullName.replaceAll(' > ', ': '), done, load, seen, recovery, verdictOf(test)].map(oneLine);
}

function verdictOf(test: TestCase): string {
  const { state, errors } = test.result();
  if (state === 'passed') return 'kept';
  return state === 'failed' ? `BROKEN: ${errors?.[0]?.message.split('\n', 1)[0]}` : 'not looked at';
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('|', '\\|').trim();
}
