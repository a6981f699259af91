/** A proxy before a MongoDB server that cuts the connection at exactly the n-th write and then stays down, as a crash at that point would. For tests of the journal. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** When the n-th write is cut: before it reaches the server, or after the server has done it and before its reply comes back. */
export type Cut = 'before' | 'after'

export interface Proxy {
  /** The server's URI with the proxy's address. */
  readonly uri: string
  /** Counts from here; the `nth` write is cut, and every connection from then on. */
  arm(nth: number, cut: Cut): void
  /** Whether the armed cut has happened. */
  readonly down: boolean
  close(): Promise<void>
}

const WRITES: readonly string[] = ['insert', 'update', 'delete']

interface Plan {
  left: number
  cut: Cut
  down: boolean
}

/** Starts a proxy before the server of `uri`. */
export async function startProxy(uri: string): Promise<Proxy> {
  const target = new URL(uri)
  const plan: Plan = { left: Number.POSITIVE_INFINITY, cut: 'before', down: false }
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    }
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    if (plan.down) client.destroy()
    else relay(client, upstream, plan)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => void server.once('listening', resolve))
  const address = new URL(uri)
  address.port = String((server.address() as AddressInfo).port)
  return {
    uri: address.href,
    arm: (nth, cut) => void Object.assign(plan, { left: nth, cut, down: false }),
    get down() {
      return plan.down
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
}

function relay(client: Socket, upstream: Socket, plan: Plan): void {
  let pending = Buffer.alloc(0)
  let swallow = false
  /** False once the connection is cut. */
  const forward = (message: Buffer): boolean => {
    const isCut = WRITES.includes(commandOf(message)) && --plan.left === 0
    if (isCut) plan.down = true
    if (plan.down && !(isCut && plan.cut === 'after')) return false
    swallow = isCut
    upstream.write(message)
    return true
  }
  client.on('data', (data: Buffer) => {
    pending = Buffer.concat([pending, data])
    while (pending.length >= 4 && pending.length >= pending.readInt32LE(0)) {
      const message = pending.subarray(0, pending.readInt32LE(0))
      pending = pending.subarray(message.length)
      if (!forward(message)) client.destroy()
    }
  })
  upstream.on('data', (data) => {
    if (swallow || plan.down) client.destroy()
    else client.write(data)
  })
}

/** The first name in the body of an OP_MSG: header 16 bytes, flags 4, kind 1, length 4, type 1, name. */
function commandOf(message: Buffer): string {
  return message.readInt32LE(12) === 2013 ? message.toString('utf8', 26, message.indexOf(0, 26)) : ''
}
