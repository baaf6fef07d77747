/** Builds the OpenAPI document from the descriptions of the routes and the schemas of the replies. */
import { z } from 'zod';
import { named } from './says.js';
import { ErrorSchema } from './schemas.js';

/** The description of a route. */
export interface Operation {
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly replies: Readonly<Record<number, ReplyDoc>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: z.ZodType;
}

export interface ReplyDoc {
  readonly description: string;
  /** JSON of this shape. */
  readonly schema?: z.ZodType;
  /** Content type of replies that are not JSON. */
  readonly type?: string;
}

export interface Described {
  /** In Fastify's syntax: `/blocks/:hash`. */
  readonly path: string;
  /** Needs no authentication. */
  readonly isOpen?: boolean;
  readonly operation: Operation;
}

type Json = { [name: string]: unknown };

const COMPONENTS = '#/components/schemas/';

export function openApiDocument(routes: readonly Described[], version: string): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'blockcast',
      version,
      license: { name: 'MIT', identifier: 'MIT' },
      description:
        'The state of a relay and the results of its block deliveries. Read-only. Fields are added over time, never renamed.',
    },
    // Relative to this document, so that it works below any path of a reverse proxy.
    servers: [{ url: '../..' }],
    security: [{ password: [] }, {}],
    paths: Object.fromEntries(routes.map((route) => [pathOf(route), { get: operationOf(route) }])),
    components: {
      securitySchemes: {
        password: { type: 'http', scheme: 'basic', description: 'http.user and http.password, where one is set.' },
      },
      schemas: components(),
    },
  };
}

function pathOf({ path }: Described): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

function operationOf({ operation, isOpen }: Described): Json {
  const { id, summary, description, parameters = [], replies } = operation;
  const refusals: Record<number, ReplyDoc> = {
    429: { description: 'Too many requests: wait as long as Retry-After says.', schema: ErrorSchema },
    401: { description: 'Authentication required.', schema: ErrorSchema },
    403: {
      description: 'The client or the host name is not allowed, or the request is cross-site.',
      schema: ErrorSchema,
    },
  };
  return {
    operationId: id,
    summary,
    ...(description !== undefined && { description }),
    ...(isOpen === true && { security: [] }),
    ...(parameters.length > 0 && { parameters: parameters.map(parameterOf) }),
    responses: Object.fromEntries(
      Object.entries({ ...replies, ...(isOpen === true ? {} : refusals) }).map(([status, reply]) => [
        status,
        replyOf(reply),
      ]),
    ),
  };
}

function parameterOf({ name, in: place, schema }: Parameter): Json {
  return { name, in: place, required: place === 'path', schema: plain(z.toJSONSchema(schema, { io: 'input' })) };
}

function replyOf({ description, schema, type = 'application/json' }: ReplyDoc): Json {
  const id = schema && named.get(schema)?.id;
  const content = id === undefined ? { type: 'string' } : { $ref: COMPONENTS + id };
  return { description, content: { [type]: { schema: content } } };
}

function components(): Json {
  const { schemas } = z.toJSONSchema(named, {
    uri: (id) => COMPONENTS + id,
    // The schemas are strict, so that tests notice undocumented fields; a client must accept new fields.
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, plain(schema)]));
}

/** Without the properties that only a stand-alone schema needs. */
function plain({ $schema: _dialect, $id: _address, ...schema }: Json): Json {
  return schema;
}
