/** The scenes that SQLite and PostgreSQL set with the same SQL: people, a family, a check. An engine adds those that it needs its own words for. */
import type { CheckFixture, ContractEngine, FamilyFixture, PeopleFixture, Person, SerialFixture } from './fixture.ts'

/** `key`: how the engine declares a number that it hands out itself. */
export function people(key: string): PeopleFixture {
  return {
    keyField: 'id',
    setup: [`CREATE TABLE people (id ${key}, name TEXT, email TEXT UNIQUE, note TEXT)`],
    insert: (person) => [insertPerson(person)],
    set: (id, field, value) => [`UPDATE people SET ${field} = ${literal(value)} WHERE id = ${id}`],
    remove: (id) => [`DELETE FROM people WHERE id = ${id}`],
  }
}

function insertPerson({ id, name, email, note }: Person): string {
  const values = [id, literal(name), literal(email), literal(note)]
  return `INSERT INTO people (id, name, email, note) VALUES (${values.join(', ')})`
}

function literal(value: string | undefined): string {
  return value === undefined ? 'NULL' : `'${value.replaceAll("'", "''")}'`
}

const family: FamilyFixture = {
  setup: [
    'CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT)',
    'CREATE TABLE children (id INTEGER PRIMARY KEY, name TEXT, parent_id INTEGER REFERENCES parents ON DELETE CASCADE)',
  ],
  fill: [`INSERT INTO parents VALUES (1, 'P')`, `INSERT INTO children VALUES (10, 'C', 1)`],
}

const check: CheckFixture = {
  collection: 'prices',
  setup: ['CREATE TABLE prices (id INTEGER PRIMARY KEY, price INTEGER CONSTRAINT positive CHECK (price > 0))'],
  key: '[1]',
  record: '{"id":1,"price":-1}',
  constraint: /positive/,
}

const serial: SerialFixture = {
  insertWithoutKey: (n) => [`INSERT INTO people (name, email) VALUES ('Own', 'own${n}@example.org')`],
}

/** What is the same on both engines, word for word. */
export const TABLES: Pick<ContractEngine, 'fields'> & Required<Pick<ContractEngine, 'family' | 'check' | 'serial'>> = {
  fields: 'declared',
  family,
  check,
  serial,
}
