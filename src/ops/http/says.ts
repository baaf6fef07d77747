/** Ties the API's schemas to the types of contracts/: the compiler compares the two. */
import { z } from 'zod';

/** What has a name in the OpenAPI document. */
export const named = z.registry<{ readonly id: string }>();

type Writable<T> = T extends string | number | boolean | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? Writable<Item>[]
    : { -readonly [Name in keyof T]: Writable<T[Name]> };

/** True when both say the same, down to which fields may be absent. */
type Same<A, B> =
  (<T>() => T extends Writable<A> ? 1 : 2) extends <T>() => T extends Writable<B> ? 1 : 2 ? true : false;

/** Does not compile unless the schema says what the type says. */
export function says<T>(): <S extends z.ZodType>(schema: Same<z.infer<S>, T> extends true ? S : never) => S {
  return (schema) => schema;
}
