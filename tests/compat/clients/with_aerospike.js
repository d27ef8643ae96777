// The calls with the npm package `aerospike`, the Node.js client on top of the C client.
const assert = require('node:assert')
const Aerospike = require('aerospike')
const { lists, maps, filter } = Aerospike

const patient = { timeout: 30000, totalTimeout: 30000, socketTimeout: 30000 } // the machine may be busy
const key = new Aerospike.Key('test', 'calls', 'one')
const count = 10
const keys = [...Array(count).keys()].map(number => new Aerospike.Key('test', 'many', number))
const bins = { n: 1, s: 'text', l: [3, 1, 2], m: { a: 1 } }
let client

const calls = {
  connect: async () => {
    client = await Aerospike.connect({
      hosts: `127.0.0.1:${process.argv[2]}`,
      modlua: { userPath: '.' },
      policies: { info: new Aerospike.InfoPolicy(patient), apply: new Aerospike.ApplyPolicy(patient) }
    })
  },
  put: () => client.put(key, bins),
  get: async () => assert.deepStrictEqual((await client.get(key)).bins, bins),
  lists: async () => {
    const largest = lists.getByRank('l', -1).andReturn(lists.returnType.VALUE)
    assert.strictEqual((await client.operate(key, [lists.append('l', 4), largest])).bins.l, 4)
  },
  maps: async () => {
    const got = maps.getByKey('m', 'b').andReturn(maps.returnType.VALUE)
    assert.strictEqual((await client.operate(key, [maps.put('m', 'b', 2), got])).bins.m, 2)
  },
  batch: async () => {
    for (const each of keys) await client.put(each, { n: each.key })
    const found = await client.batchRead(keys.map(each => ({ key: each, readAllBins: true })))
    assert.deepStrictEqual(found.map(each => each.record.bins.n), [...Array(count).keys()])
  },
  'query by index': async () => {
    const job = await client.createIntegerIndex({ ns: 'test', set: 'many', bin: 'n', index: 'many-n' })
    await job.wait(10)
    const query = client.query('test', 'many')
    query.where(filter.range('n', 3, 6))
    const found = await query.results()
    assert.deepStrictEqual(found.map(record => record.bins.n).sort(), [3, 4, 5, 6])
  },
  'UDF register': async () => (await client.udfRegister('calls.lua')).wait(10),
  apply: async () => {
    const call = { module: 'calls', funcname: 'add', args: [5] }
    assert.strictEqual(await client.apply(key, call), 6)
  },
  background: async () => {
    const job = await client.query('test', 'many').background('calls', 'add', [100])
    await job.waitUntilDone(10)
    assert.deepStrictEqual((await client.get(keys[0])).bins, { n: 100 })
  },
  aggregate: async () => {
    const sum = await client.query('test', 'many').apply('calls', 'sum', [])
    assert.strictEqual(sum, 100 * count + 45)
  },
  'UDF remove': async () => (await client.udfRemove('calls.lua')).wait(10)
}

async function main () {
  for (const [name, call] of Object.entries(calls)) {
    let outcome = 'ok'
    try {
      await call()
    } catch (error) {
      outcome = String(error).split(/\s+/).join(' ')
    }
    console.log(`${name}\t${outcome}`)
  }
  client.close()
}

main()
