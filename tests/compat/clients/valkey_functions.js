// Functions of Valkey with an npm package that has the interface of ioredis: node valkey_functions.js PACKAGE CODE PORT CLUSTER_PORT
const assert = require('node:assert')
const [name, code, port, clusterPort] = process.argv.slice(2)
const library = require(name)
const Client = library.default ?? library
const { Cluster } = library
const options = { connectTimeout: 60000, commandTimeout: 60000, maxRetriesPerRequest: 1 } // the machine may be busy
const connect = (more = {}) => new Client(Number(port), '127.0.0.1', { ...options, ...more })

const steps = {
  'load, list, delete': async client => {
    assert.strictEqual(await client.function('LOAD', code), 'shelf')
    assert.strictEqual(await client.function('LOAD', 'REPLACE', code), 'shelf')
    const [listed] = await client.function('LIST', 'LIBRARYNAME', 'she*', 'WITHCODE')
    assert.deepStrictEqual([listed[1], listed[3], listed[7]], ['shelf', 'LUA', code])
    await assert.rejects(client.function('LOAD', code), /already exists/)
    await assert.rejects(client.function('LOAD', '#!lua name=bad\nreturn ('), /Error compiling function/)
    assert.strictEqual(await client.function('DELETE', 'shelf'), 'OK')
    await assert.rejects(client.fcall('put', 1, 'book'), /Function not found/)
  },
  call: async client => {
    await client.function('LOAD', code)
    assert.strictEqual(await client.fcall('put', 1, 'book', 'title', 'Walden', 'year', '1854'), 2)
    assert.deepStrictEqual(await client.fcall_ro('fields', 1, 'book'), ['title', 'Walden', 'year', '1854'])
    assert.strictEqual(await client.hget('book', 'title'), 'Walden')
    await assert.rejects(client.fcall_ro('put', 1, 'book'), /Can not execute a script with write flag/)
    const replies = await client.pipeline().fcall('put', 1, 'book', 'pages', '352').hlen('book').exec()
    assert.deepStrictEqual(replies, [[null, 3], [null, 3]])
    const done = await client.multi().fcall('put', 1, 'other', 'a', 'b').fcall_ro('fields', 1, 'other').exec()
    assert.deepStrictEqual(done, [[null, 1], [null, ['a', 'b']]])
  },
  'eval by its sum': async client => {
    client.defineCommand('joined', { numberOfKeys: 1, lua: 'return KEYS[1] .. ARGV[1]' })
    assert.strictEqual(await client.joined('a', 'b'), 'ab')
    assert.strictEqual(await client.joined('c', 'd'), 'cd') // EVALSHA this time
  },
  kill: async client => {
    const other = connect()
    await other.ping() // what it asks as it connects would be refused while the function runs
    await client.config('SET', 'busy-reply-threshold', 50)
    await client.function('LOAD', code)
    const ended = assert.rejects(client.fcall('endless', 0), /killed by user/)
    let running
    do {
      running = (await other.function('STATS'))[1]
    } while (!running)
    assert.deepStrictEqual(running.slice(0, 2), ['name', 'endless'])
    for (;;) {
      const told = await other.get('key').catch(error => error.message)
      if (told !== null && /^BUSY/.test(told)) break
    }
    assert.strictEqual(await other.function('KILL'), 'OK')
    await ended
    assert.strictEqual(await client.get('key'), null)
    other.disconnect()
  },
  'dump, restore': async client => {
    await client.function('LOAD', code)
    const payload = await client.functionBuffer('DUMP')
    await assert.rejects(client.function('RESTORE', payload), /already exists/)
    await client.function('FLUSH')
    assert.strictEqual(await client.function('RESTORE', payload), 'OK')
    assert.strictEqual(await client.fcall('put', 1, 'book', 'title', 'Walden'), 1)
  },
  cluster: async () => {
    const cluster = new Cluster([{ host: '127.0.0.1', port: Number(clusterPort) }], { redisOptions: options })
    await Promise.all(cluster.nodes('master').map(each => each.function('LOAD', 'REPLACE', code)))
    await cluster.function('LOAD', 'REPLACE', code)
    for (let number = 0; number < 20; number++) {
      assert.strictEqual(await cluster.fcall('put', 1, `book${number}`, 'title', `${number}`), 1)
      assert.strictEqual(await cluster.hget(`book${number}`, 'title'), `${number}`)
    }
    cluster.disconnect()
  }
}

const run = async () => {
  for (const [step, play] of Object.entries(steps)) {
    const client = connect()
    try {
      await client.flushall()
      await client.function('FLUSH')
      await play(client)
      console.log(`${step}: ok`)
    } catch (error) {
      console.log(`${step}: ${error.stack}`)
    }
    client.disconnect()
  }
  process.exit(0)
}

run()
