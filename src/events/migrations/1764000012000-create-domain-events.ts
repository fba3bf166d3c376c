import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateDomainEvents1764000012000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Nothing refers to users or sessions: the log outlives them.
    await runner.query(`
      CREATE TABLE domain_events (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id uuid NOT NULL,
        type text NOT NULL,
        occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        user_id uuid,
        actor text NOT NULL CHECK (actor IN ('user', 'admin', 'system', 'client')),
        actor_id uuid,
        impersonator_id uuid,
        sid uuid,
        ip text,
        user_agent text,
        request_id text,
        data jsonb NOT NULL
      )`);
    await runner.query('CREATE INDEX domain_events_of_user ON domain_events (user_id, seq)');
    await runner.query('CREATE INDEX domain_events_occurred ON domain_events (occurred_at)');
    // Mostly people act for themselves: these two hold the rest.
    await runner.query(
      'CREATE INDEX domain_events_by_others ON domain_events (actor_id) WHERE actor_id IS DISTINCT FROM user_id',
    );
    await runner.query(
      'CREATE INDEX domain_events_impersonated ON domain_events (impersonator_id) WHERE impersonator_id IS NOT NULL',
    );
    await this.createDeliveries(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE event_deliveries, event_subscribers, domain_events');
    await runner.query('DROP FUNCTION queue_event');
  }

  private async createDeliveries(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE event_subscribers (
        name text PRIMARY KEY,
        types text[],
        seen_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE event_deliveries (
        event_seq bigint NOT NULL REFERENCES domain_events ON DELETE CASCADE,
        subscriber text NOT NULL,
        user_id uuid,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        leased_until timestamptz,
        last_error text,
        PRIMARY KEY (event_seq, subscriber)
      )`);
    await runner.query(
      'CREATE INDEX event_deliveries_due ON event_deliveries (subscriber, next_attempt_at, event_seq)',
    );
    await runner.query(
      'CREATE INDEX event_deliveries_in_turn ON event_deliveries (subscriber, user_id, event_seq)',
    );
    // Whoever would take a second event of the same person meanwhile is refused.
    await runner.query(
      'CREATE UNIQUE INDEX event_deliveries_one_at_a_time ON event_deliveries (subscriber, user_id) WHERE leased_until IS NOT NULL',
    );
    // In the same statement as the event, whoever adds it; and its plan is made once a connection.
    await runner.query(`
      CREATE FUNCTION queue_event() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO event_deliveries (event_seq, subscriber, user_id)
        SELECT NEW.seq, s.name, NEW.user_id FROM event_subscribers s
        WHERE s.types IS NULL OR NEW.type = ANY (s.types);
        RETURN NULL;
      END $$`);
    await runner.query(
      'CREATE TRIGGER queue AFTER INSERT ON domain_events FOR EACH ROW EXECUTE FUNCTION queue_event()',
    );
  }
}
