/** A door before a server that a test can shut: refused at once, or left without an answer, as a server that is down or a network that swallows packets. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Engine, LiveDatabase } from './live-database.ts'

export interface Door {
  /** Ends what is connected and refuses everybody. */
  shut(): Promise<void>
  /** Accepts everybody and never answers. */
  hang(): Promise<void>
  open(): Promise<void>
}

interface OwnDoor extends Door {
  readonly port: number
}

/** The engine with a door before each machine's database; the test's own statements go past it. `doorOf` finds it by the database. */
export function behindDoors(engine: Engine): {
  readonly engine: Engine
  readonly doorOf: (database: LiveDatabase) => Door
} {
  const doors = new Map<string, OwnDoor>()
  const create: Engine['create'] = async (root, index) => {
    const database = await engine.create(root, index)
    const url = new URL(database.url)
    const door = await doorTo(url.hostname, Number(url.port))
    url.port = String(door.port)
    doors.set(url.href, door)
    const drop = async (): Promise<void> => {
      await door.shut()
      await database.drop()
    }
    return { ...database, url: url.href, drop }
  }
  const doorOf = (database: LiveDatabase): Door => {
    const door = doors.get(database.url)
    if (door === undefined) throw new Error('no door before this database')
    return door
  }
  return { engine: { ...engine, create }, doorOf }
}

async function doorTo(host: string, port: number): Promise<OwnDoor> {
  const sockets = new Set<Socket>()
  let answering = true
  const server = createServer((client) => {
    track(sockets, client)
    if (!answering) return
    const upstream = connect(port, host)
    track(sockets, upstream)
    client.pipe(upstream).pipe(client)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  await listen(server, 0)
  const own = (server.address() as AddressInfo).port
  const end = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise<void>((resolve) => void server.close(() => resolve()))
  }
  const start = async (answers: boolean): Promise<void> => {
    await end()
    answering = answers
    await listen(server, own)
  }
  return { port: own, shut: end, hang: () => start(false), open: () => start(true) }
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket)
  socket.on('error', () => undefined)
  socket.on('close', () => sockets.delete(socket))
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}
