import { ValidateIf } from 'class-validator';

/** A field that may be absent, but not null: class-validator's own `IsOptional` lets both pass (INJ-04). */
export const MayBeAbsent = (): PropertyDecorator => ValidateIf((_, value: unknown) => value !== undefined);
