/** The files of the stack, read as far as the tests need it. Paths are relative to the repository. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { CONFIG_ENV, envName, isSecret, KEYS, secretFileEnvName } from '../../src/config/settings.js';

const Names = z.array(z.string()).default([]);
const HealthCheck = z.object({ test: z.array(z.string()) });

const Service = z.object({
  image: z.string(),
  build: z.string().optional(),
  user: z.string(),
  read_only: z.boolean(),
  cap_drop: Names,
  security_opt: Names,
  restart: z.string(),
  logging: z.object({ options: z.record(z.string(), z.string()) }),
  command: Names,
  /** Compose fills in what is empty as text; YAML reads it as nothing. */
  environment: z
    .record(
      z.string(),
      z
        .string()
        .nullable()
        .transform((value) => value ?? ''),
    )
    .default({}),
  secrets: Names,
  volumes: Names,
  networks: Names,
  ports: Names,
  healthcheck: HealthCheck.optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  sysctls: z.record(z.string(), z.string()).default({}),
  mem_limit: z.string(),
  pids_limit: z.number(),
  stop_grace_period: z.string(),
});
export type Service = z.infer<typeof Service>;

const Compose = z.object({
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.object({ driver_opts: z.record(z.string(), z.string()).optional() }).nullable()),
  networks: z.record(
    z.string(),
    z
      .object({
        internal: z.boolean().optional(),
        ipam: z.object({ config: z.array(z.object({ subnet: z.string() })) }).optional(),
      })
      .nullable(),
  ),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
});
export type Compose = z.infer<typeof Compose>;

export function read(path: string): string {
  return readFileSync(path, 'utf8');
}

/** `NAME=value` lines; comments and empty lines left out. */
export function variables(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
}

/** What `${NAME:-default}` stands for in the compose file: name → default. */
export function interpolated(text: string): Map<string, string> {
  return new Map([...text.matchAll(/\$\{([A-Z_]+):-([^}]*)\}/g)].map(([, name = '', value = '']) => [name, value]));
}

/** docker-compose.yml as Compose has it with these variables. @throws ZodError when it is not of the shape that is looked at here */
export function composeWith(env: ReadonlyMap<string, string>): Compose {
  const text = read('docker-compose.yml').replace(
    /\$\{([A-Z_]+):-([^}]*)\}/g,
    (_, name: string, fallback: string) => env.get(name) || fallback,
  );
  return Compose.parse(parse(text, { merge: true }));
}

/** @throws Error when there is no such service */
export function serviceOf({ services }: Compose, name: string): Service {
  const service = services[name];
  if (service === undefined) throw new Error(`there is no service ${name}`);
  return service;
}

/** Every variable that sets something: by value, or by the file in which a secret stands. */
export const VARIABLES: ReadonlySet<string> = new Set([
  CONFIG_ENV,
  ...KEYS.map(envName),
  ...KEYS.filter(isSecret).map(secretFileEnvName),
]);

/** Where a program is on the PATH; undefined when it is not. */
export function findProgram(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** For a test that needs a program: why it is skipped, or false. */
export function unlessFound(name: string): string | false {
  return findProgram(name) === undefined ? `no ${name} on the PATH` : false;
}
