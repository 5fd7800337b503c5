// The makers' own clients, unchanged: @hocuspocus/provider and y-websocket. Prints one line of JSON.
// What it does is named by the first argument; packages are those of the page (RADIANT_WEB).
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(process.env.RADIANT_WEB + '/package.json')
const load = async (name) => import(pathToFileURL(require.resolve(name)).href)
const Y = await load('yjs')
const { HocuspocusProvider, HocuspocusProviderWebsocket } = await load('@hocuspocus/provider')
const { WebsocketProvider } = await load('y-websocket')

const url = process.env.RADIANT_URL.replace('http', 'ws') + '/api/collaboration'
const given = JSON.parse(process.env.RADIANT_GIVEN)
const open = []

const until = async (what, name) => {
  const end = Date.now() + 30_000
  while (!what()) {
    if (Date.now() > end) {
      const seen = open.map((one) => [one.document && String(text(one)), one.isSynced ?? one.synced, one.unsyncedChanges])
      throw new Error('never: ' + name + ' ' + JSON.stringify(seen))
    }
    await new Promise((done) => setTimeout(done, 10))
  }
}

const hocuspocus = (room, ticket, options = {}) => {
  const provider = new HocuspocusProvider({ url, name: room, token: ticket, document: new Y.Doc(), ...options })
  open.push(provider)
  return provider
}

const plain = (room, ticket) => {
  const doc = new Y.Doc()
  const provider = new WebsocketProvider(url + '/y', room, doc, { params: { ticket }, disableBc: true })
  provider.document = doc
  open.push(provider)
  return provider
}

const text = (provider) => provider.document.getText('content')
const says = (provider, words) => until(() => text(provider).toString() === words, words + ', said ' + text(provider))

const acts = {
  // Both kinds in one room: text, presence, presence for who comes late, and who has left.
  async together({ room, tickets }) {
    const ann = hocuspocus(room, tickets[0])
    await until(() => ann.isSynced && ann.unsyncedChanges === 0, 'ann in')
    const bob = plain(room, tickets[1])
    await until(() => bob.synced, 'bob in')
    text(ann).insert(0, 'Zoë ')
    await says(bob, 'Zoë ')
    text(bob).insert(4, '李😀')
    await says(ann, 'Zoë 李😀')
    await until(() => ann.unsyncedChanges === 0, 'ann saved')
    ann.awareness.setLocalStateField('user', { name: 'Ann' })
    bob.awareness.setLocalStateField('user', { name: 'Bob' })
    const names = (one) => [...one.awareness.getStates().values()].map((state) => state.user?.name).filter(Boolean).sort().join()
    await until(() => names(ann) === 'Ann,Bob' && names(bob) === 'Ann,Bob', 'presence')
    const late = hocuspocus(room, tickets[2])
    await until(() => names(late) === 'Ann,Bob', 'presence for who comes late')
    bob.destroy()
    await until(() => names(ann) === 'Ann' && names(late) === 'Ann', 'who has left')
    return { text: text(late).toString(), scope: ann.authorizedScope }
  },

  // Two documents over one socket.
  async documents({ rooms, tickets }) {
    const websocketProvider = new HocuspocusProviderWebsocket({ url })
    const both = rooms.map((name, at) => {
      const one = new HocuspocusProvider({ websocketProvider, name, token: tickets[at], document: new Y.Doc() })
      one.attach()
      return one
    })
    open.push(...both, websocketProvider)
    for (const one of both) await until(() => one.isSynced, 'in')
    text(both[0]).insert(0, 'first')
    text(both[1]).insert(0, 'second')
    for (const one of both) await until(() => one.unsyncedChanges === 0, 'saved')
    return both.map((one) => text(one).toString())
  },

  // Away, writing meanwhile, and back.
  async offline({ room, tickets }) {
    const ann = hocuspocus(room, tickets[0])
    const bob = plain(room, tickets[1])
    await until(() => ann.isSynced && bob.synced, 'in')
    text(ann).insert(0, 'both ')
    await says(bob, 'both ')
    ann.configuration.websocketProvider.webSocket.close()
    bob.disconnect()
    await until(() => !bob.wsconnected && !ann.isSynced, 'away')
    text(ann).insert(5, 'ann ')
    text(bob).insert(5, 'bob ')
    bob.connect()
    await until(() => text(ann).length === 13 && text(bob).length === 13, 'merged')
    await until(() => ann.unsyncedChanges === 0, 'saved')
    return { same: text(ann).toString() === text(bob).toString(), text: text(ann).toString() }
  },

  // A viewer reads; what they write stays with them, unsaved. Who has no ticket is not let in.
  async viewer({ room, tickets }) {
    const ann = hocuspocus(room, tickets[0])
    const eve = hocuspocus(room, tickets[1])
    await until(() => ann.isSynced && eve.isSynced, 'in')
    text(eve).insert(0, 'mine')
    text(ann).insert(0, 'ours')
    await until(() => text(eve).toString().includes('ours'), 'eve reads')
    let failed = null
    hocuspocus(room, 'no ticket', { onAuthenticationFailed: ({ reason }) => { failed = reason } })
    await until(() => failed, 'denied')
    return { scope: eve.authorizedScope, unsaved: eve.unsyncedChanges, ann: text(ann).toString(), failed }
  },
}

const result = await acts[process.argv[2]](given)
for (const one of open) one.destroy()
console.log(JSON.stringify(result))
process.exit(0)
