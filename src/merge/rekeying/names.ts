/** What names tell about references: a field that is called after a collection, one that points into its own collection, one that counts or measures. Names only suggest; a person decides. */

/** `artist_id`, `artistId`, `main_artist_id` name the key of `artist` and of `artists`. */
export function namesKeyOf(field: string, collection: string): boolean {
  return namesOf(collection).some((name) => new RegExp(`(^|_)${name}_(id|no|number|ref|key)$`).test(snake(field)))
}

/** As above, and `artist`, `artistid`, `fk_artist`, `artist_uuid` as well; `place_id` names also the key of `moz_places`, whose last word it is called after. */
export function resembles(field: string, collection: string): boolean {
  if (namesKeyOf(field, collection)) return true
  const ending = '(_?(ids?|no|nr|num|number|ref|key|fk|pk|uid|uuid|oid|code))?'
  const named = [...namesOf(collection), ...namesOf(lastWord(collection))]
  return named.some((name) => new RegExp(`(^|_)${name}${ending}$`).test(snake(field)))
}

function lastWord(collection: string): string {
  return (
    snake(collection)
      .split(/[^a-z0-9]+/)
      .findLast((word) => word !== '') ?? collection
  )
}

/** A type name as programs write it beside an id: `Artist`, `artists`, `App\Models\Artist`, `music.artist`. */
export function namesCollection(text: string, collection: string): boolean {
  const last = text.split(/[\\/:.]+/).at(-1) ?? text
  const joined = snake(text.replaceAll('.', '_'))
  return (
    [...namesOf(collection), ...namesOf(lastWord(collection))].includes(snake(last)) ||
    namesOf(collection).includes(joined)
  )
}

/** `subject_type` beside `subject_id`, `content_type_id` beside `object_id`: the field that says which collection is meant; undefined where there is none. */
export function discriminatorOf(field: string, fields: Iterable<string>): string | undefined {
  const names = new Map([...fields].map((name) => [snake(name), name]))
  const stem = /^(.*?)_?(id|pk|key|no|ref|uuid)$/.exec(snake(field))?.[1]
  if (stem === undefined || stem === '') return undefined
  for (const word of ['type', 'kind', 'class', 'table', 'model']) {
    const found = names.get(`${stem}_${word}`) ?? names.get(`${stem}_${word}_id`) ?? names.get(`${stem}${word}`)
    if (found !== undefined && found !== field) return found
  }
  return stem === 'object' ? (names.get('content_type_id') ?? names.get('content_type')) : undefined
}

const INTO_ITSELF =
  /(^|_)(parent|ancestor|root|superior|manager|boss|reports_?to|reply_?to|replies_?to|previous|prev|next|predecessor|successor|original|origin|replaces|replaced_?by|from|forked_from|copy_of|duplicate_of)(_|$)/

/** `parent_id`, `reports_to`, `from_visit` point into their own collection, mostly. */
export function pointsIntoItself(field: string): boolean {
  return INTO_ITSELF.test(snake(field))
}

const MEASURES = new Set(
  (
    'quantity qty count counts amount price cost total subtotal sum tax discount rating score stars year month week day hour hours minute minutes second seconds ms ' +
    'milliseconds duration position pos rank sort order ordering sequence seq priority weight width height depth length size bytes level age version revision ' +
    'percent ratio rate rates balance stock points wins losses views hits likes clicks status state flags flag enabled active visible deleted hidden date time ' +
    'timestamp created updated modified at on lat lng lon latitude longitude zoom limit offset page pages port visits used attempts tries retries'
  ).split(' '),
)

/** `quantity`, `sort_order`, `created_at`, `is_open`: small numbers of such fields fall among any keys. */
export function measures(field: string): boolean {
  const words = snake(field).split(/[^a-z0-9]+/)
  return MEASURES.has(words.at(-1) ?? '') || /^(is|has|num|no_of|n|max|min|total|can|should)$/.test(words[0] ?? '')
}

/** The collection's name without its schema, as it is and in the singular, in snake case. */
function namesOf(collection: string): string[] {
  const name = snake(collection.slice(collection.lastIndexOf('.') + 1).replaceAll('"', ''))
  const singular = name.endsWith('ies') ? `${name.slice(0, -3)}y` : name.replace(/(?<=(?:x|ch|sh|ss))es$|(?<!s)s$/, '')
  return [...new Set([name, singular])].map((each) => each.replace(/[^a-z0-9_]/g, '_'))
}

function snake(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
}
