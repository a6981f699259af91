/** Collections that belong to a tool and not to the user's data. They are exported only when the configuration names them exactly, because on another machine they would break that tool. */
interface Family {
  readonly reason: string
  /** Whole names in lower case; `*` at the end for any ending. A name with a dot is compared with the whole name, others with its last part. */
  readonly names: readonly string[]
}

const FAMILIES: readonly Family[] = [
  {
    reason: 'migration table of a schema tool (each database keeps its own)',
    names: (
      '_prisma_migrations schema_migrations ar_internal_metadata flyway_schema_history schema_version databasechangelog databasechangeloglock knex_migrations* ' +
      'alembic_version django_migrations migrations typeorm_metadata goose_db_version __efmigrationshistory __efmigrationslock __migrationhistory sequelizemeta ' +
      'sequelizedata __drizzle_migrations* pgmigrations kysely_migration kysely_migration_lock mikro_orm_migrations _sqlx_migrations __diesel_schema_migrations ' +
      'refinery_schema_history seaql_migrations doctrine_migration_versions migration_versions phinxlog _yoyo_* yoyo_lock bun_migrations bun_migration_locks ' +
      'gorp_migrations atlas_schema_revisions mongockchangelog mongocklock graphile_migrate.* sqitch.* hdb_catalog.* supabase_migrations.*'
    ).split(' '),
  },
  {
    reason: 'table of a job queue (its jobs would run on both machines)',
    names: (
      'pgboss.* pgboss_* graphile_worker.* agendajobs celery_taskmeta celery_tasksetmeta celery_groupmeta kombu_message kombu_queue oban_jobs oban_peers que_jobs ' +
      'que_lockers good_jobs good_job_* solid_queue_* delayed_jobs river_job river_leader river_queue river_client* river_migration'
    ).split(' '),
  },
  { reason: 'system collection', names: ['system.*'] },
  { reason: 'table of tandem itself', names: ['tandem', 'tandem.*', '_tandem', '_tandem_*'] },
  { reason: 'log of backups, which each machine keeps of its own', names: ['backup_logs'] },
]

/** Why a collection is not exported unless it is named exactly, in words for people; undefined for the user's own collections. */
export function neverExportedReason(collection: string): string | undefined {
  const whole = collection.toLowerCase()
  const last = whole.slice(whole.lastIndexOf('.') + 1)
  return FAMILIES.find(({ names }) => names.some((name) => fits(name, name.includes('.') ? whole : last)))?.reason
}

function fits(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}
