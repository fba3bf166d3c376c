import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, Matches, MaxLength } from 'class-validator';
import { InstantField } from '../common/instant.field.js';
import { MayBeAbsent } from '../common/may-be-absent.decorator.js';
import type { ActorKind } from '../events/domain-event.js';
import type { EventFilter } from '../events/event-log.js';
import type { StoredEvent } from '../events/stored-event.entity.js';
import { describeAgent } from '../common/user-agent.js';
import type { ActivityPage, Paging } from './activity.service.js';
import { dataForOwner, isByOwner, isOfSession } from './owners-view.js';

const ACTOR_KINDS = ['user', 'admin', 'system', 'client'] as const satisfies ActorKind[];
/** Up to twenty types, between commas. */
const TYPES = /^[a-z][a-z0-9._-]{0,63}(?:,[a-z][a-z0-9._-]{0,63}){0,19}$/;
const UP_TO_100 = /^(?:[1-9]\d?|100)$/;
const DEFAULT_LIMIT = 50;

export class ActivityQuery {
  @MayBeAbsent()
  @Matches(TYPES, { message: 'type must be up to 20 types, separated by commas' })
  @ApiPropertyOptional({ pattern: TYPES.source, example: 'session.opened,session.refused' })
  type?: string;

  @MayBeAbsent()
  @IsIn(ACTOR_KINDS)
  @ApiPropertyOptional({ enum: ACTOR_KINDS, enumName: 'ActorKind', description: 'Who did it.' })
  actor?: ActorKind;

  @InstantField('What happened then or later.') from?: string;
  @InstantField('What happened before.') to?: string;

  @MayBeAbsent()
  @Matches(UP_TO_100, { message: 'limit must be a whole number from 1 to 100' })
  @ApiPropertyOptional({ pattern: UP_TO_100.source, default: String(DEFAULT_LIMIT) })
  limit?: string;

  @MayBeAbsent()
  @IsString()
  @MaxLength(200)
  @ApiPropertyOptional({ maxLength: 200, description: 'The `nextCursor` of the last answer.' })
  cursor?: string;

  filter(): EventFilter {
    const { type, actor, from, to } = this;
    return {
      types: type?.split(','),
      actor,
      from: from === undefined ? undefined : new Date(from),
      to: to === undefined ? undefined : new Date(to),
    };
  }

  paging(): Paging {
    return { limit: Number(this.limit ?? DEFAULT_LIMIT), cursor: this.cursor };
  }
}

const nullableText = { type: String, nullable: true } as const;
const nullableId = { type: String, format: 'uuid', nullable: true } as const;

export class ActorDto {
  @ApiProperty({
    enum: ACTOR_KINDS,
    enumName: 'ActorKind',
    description: '`user`: the person. `admin`: somebody else. `client`: another service. `system`: nobody.',
  })
  kind: ActorKind;

  @ApiProperty({ ...nullableId, description: 'Null where nobody has proven who they are, and for `system`.' })
  id: string | null;

  @ApiProperty({ ...nullableId, description: 'Who acted in the name of the person, if anybody.' })
  impersonatorId: string | null;
}

/** Something that happened, as the person sees it whom it concerns. */
export class ActivityItemDto {
  @ApiProperty({ format: 'uuid' }) id: string;
  @ApiProperty({ example: 'session.opened', description: 'docs/events.md lists them; there may be others.' })
  type: string;
  @ApiProperty({ format: 'date-time' }) occurredAt: string;
  @ApiProperty() actor: ActorDto;
  @ApiProperty({ ...nullableId, description: 'The session that it is about, or in which it was done.' })
  sid: string | null;
  @ApiProperty({ ...nullableText, description: 'Whence; null where somebody else did it.' }) ip:
    string | null;
  @ApiProperty({ ...nullableText, description: 'E.g. `desktop`, or a model where the browser tells.' })
  device: string | null;
  @ApiProperty({ ...nullableText, example: 'Firefox 145' }) browser: string | null;
  @ApiProperty({ ...nullableText, example: 'macOS' }) system: string | null;
  @ApiProperty({ type: 'object', additionalProperties: true, description: 'What the type adds.' })
  data: Record<string, unknown>;

  static from(event: StoredEvent): ActivityItemDto {
    const { id, type, occurredAt, actor: kind, actorId, impersonatorId } = event;
    // Whence others came is theirs.
    const isOwn = isByOwner(event);
    return {
      id,
      type,
      occurredAt: occurredAt.toISOString(),
      actor: { kind, id: actorId, impersonatorId },
      sid: isOwn || isOfSession(event) ? event.sid : null,
      ip: isOwn ? event.ip : null,
      ...describeAgent(isOwn ? event.userAgent : null),
      data: dataForOwner(event),
    };
  }
}

export class ActivityDto {
  @ApiProperty({ type: [ActivityItemDto] }) items: ActivityItemDto[];
  @ApiProperty({ ...nullableText, description: 'Null on the last page.' }) nextCursor: string | null;

  static from({ items, nextCursor }: ActivityPage): ActivityDto {
    return { items: items.map((event) => ActivityItemDto.from(event)), nextCursor };
  }
}
