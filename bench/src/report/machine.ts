import { availableParallelism, cpus, totalmem } from 'node:os';
import { query } from '../postgres.js';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly postgres: string;
}

export async function describeMachine(adminUrl: string): Promise<Machine> {
  const [row] = await query(adminUrl, 'SHOW server_version');
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e9),
    system: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    postgres: String(row?.server_version),
  };
}
