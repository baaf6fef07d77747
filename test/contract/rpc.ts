import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assemble } from '../../src/simulated/miner.js';
import { encodeTransaction } from '../../src/simulated/transaction.js';
import { corrupted, hashOf, worthless } from './blocks.js';
import {
  ask,
  call,
  following,
  type HeaderInfo,
  mine,
  type NodeUnderTest,
  post,
  templateOn,
  tipOf,
} from './node-under-test.js';

/** What the calls answer that a pool or a relay makes. */
export function rpcContract(node: () => NodeUnderTest): void {
  const submit = (raw: Buffer) => call(node(), 'submitblock', raw.toString('hex'));

  async function resultOf(raw: Buffer): Promise<unknown> {
    const { result, error, status } = await submit(raw);
    assert.equal(error, null);
    assert.equal(status, 200);
    return result;
  }

  it('submitblock: null, then duplicate, even for a body that was changed', async () => {
    const raw = mine(await templateOn(node()));
    assert.equal(await resultOf(raw), null);
    assert.equal((await tipOf(node())).hash, hashOf(raw));
    assert.equal(await resultOf(raw), 'duplicate');
    assert.equal(await resultOf(corrupted(raw)), 'duplicate');
  });

  it('submitblock: inconclusive for a rival of the tip, duplicate for it the second time', async () => {
    const template = await templateOn(node());
    assert.equal(await resultOf(mine(template)), null);
    const rival = mine(template);
    assert.equal(await resultOf(rival), 'inconclusive');
    assert.equal(await resultOf(rival), 'duplicate');
    assert.equal(await resultOf(mine(following(template, hashOf(rival)))), null);
  });

  it("submitblock: Core's reason for what it refuses", async () => {
    const template = await templateOn(node());
    const good = mine(template, { size: 2_000 });
    assert.equal(await resultOf(corrupted(good)), 'bad-txnmrklroot');
    assert.equal(await resultOf(worthless(good)), 'high-hash');
    assert.equal(await resultOf(mine({ ...template, parent: 'ab'.repeat(32) })), 'prev-blk-not-found');
    const future = Math.floor(Date.now() / 1000) + 3 * 60 * 60;
    assert.equal(await resultOf(mine({ ...template, time: future })), 'time-too-new');
    assert.equal(await resultOf(mine({ ...template, time: 1_500_000_000 })), 'time-too-old');
    const invalid = mine({ ...template, height: template.height + 5 });
    assert.equal(await resultOf(invalid), 'bad-cb-height');
    assert.equal(await resultOf(invalid), 'duplicate-invalid');
    assert.equal(await resultOf(mine(following(template, hashOf(invalid)))), 'bad-prevblk');
    const twice = mine(template).subarray(81);
    assert.equal(await resultOf(assemble(template, [twice, twice])), 'bad-txns-duplicate');
    const other = mine(template).subarray(81);
    assert.equal(await resultOf(assemble(template, [twice, other])), 'bad-cb-multiple');
    assert.equal(await resultOf(mine(template, { size: 2_000_500 })), 'bad-blk-length');
  });

  it('submitblock: an error for what is no block', async () => {
    const errorOf = async (...params: unknown[]) => {
      const { status, error } = await call(node(), 'submitblock', ...params);
      assert.equal(status, 500);
      return error;
    };
    const undecodable = { code: -22, message: 'Block decode failed' };
    assert.deepEqual(await errorOf('zz'), undecodable);
    assert.deepEqual(await errorOf(''), undecodable);
    assert.deepEqual(await errorOf('00'.repeat(60)), undecodable);
    const template = await templateOn(node());
    assert.deepEqual(await errorOf(mine(template).subarray(0, 120).toString('hex')), undecodable);
    const notFirst = { code: -22, message: 'Block does not start with a coinbase' };
    const plain = encodeTransaction({
      version: 2,
      inputs: [{ txid: '11'.repeat(32), index: 0, script: Buffer.alloc(0) }],
      outputs: [{ value: 1n, script: Buffer.of(0x51) }],
    });
    assert.deepEqual(await errorOf(assemble(template, [plain]).toString('hex')), notFirst);
    assert.deepEqual(await errorOf(5), {
      code: -3,
      message: 'JSON value of type number is not of expected type string',
    });
    assert.equal((await errorOf())?.code, -1);
  });

  it('reports its chain', async () => {
    const raw = mine(await templateOn(node()));
    await submit(raw);
    const hash = hashOf(raw);
    const tip = await tipOf(node());
    assert.equal(await ask(node(), 'getbestblockhash'), hash);
    assert.equal(await ask(node(), 'getblockcount'), tip.height);
    assert.equal(await ask(node(), 'getblockhash', tip.height), hash);
    assert.equal(await ask(node(), 'getblock', hash, 0), raw.toString('hex'));
    assert.equal(await ask(node(), 'getblockheader', hash, false), raw.subarray(0, 80).toString('hex'));
    const info = await ask<Record<string, unknown>>(node(), 'getblockchaininfo');
    assert.equal(info['chain'], 'regtest');
    assert.equal(info['blocks'], tip.height);
    assert.equal(info['bestblockhash'], hash);
    assert.equal(info['initialblockdownload'], false);
    const block = await ask<HeaderInfo & Record<string, unknown>>(node(), 'getblock', hash);
    const { tx, size, ...header } = block;
    assert.equal(size, raw.length);
    assert.ok(Array.isArray(tx) && tx.length === 1);
    assert.deepEqual(header, await ask(node(), 'getblockheader', hash));
    assert.deepEqual(Object.keys(header), [
      'hash',
      'confirmations',
      'height',
      'version',
      'versionHex',
      'merkleroot',
      'time',
      'mediantime',
      'nonce',
      'bits',
      'difficulty',
      'chainwork',
      'nTx',
      'previousblockhash',
      'chainlock',
    ]);
    const network = await ask<Record<string, unknown>>(node(), 'getnetworkinfo');
    assert.equal(network['version'], 230102);
    assert.equal(network['subversion'], '/Dash Core:23.1.2/');
    assert.equal(network['localservices'], '0000000000001c05');
  });

  it('reports a block that lost, the one in its place, and their branches', async () => {
    const template = await templateOn(node());
    const [lost, winner] = [mine(template), mine(template)];
    assert.equal(await resultOf(lost), null);
    assert.equal(await resultOf(winner), 'inconclusive');
    const branches = () => ask<Record<string, unknown>[]>(node(), 'getchaintips');
    const branchOf = async (raw: Buffer) => {
      const {
        difficulty: _same,
        chainwork,
        ...facts
      } = (await branches()).find(({ hash }) => hash === hashOf(raw)) ?? {};
      assert.match(String(chainwork), /^[0-9a-f]{64}$/);
      return facts;
    };
    const { height, parent } = template;
    const beside = { height, branchlen: 1, forkpoint: parent };
    assert.deepEqual(await branchOf(winner), { ...beside, hash: hashOf(winner), status: 'valid-headers' });
    const next = mine(following(template, hashOf(winner)));
    assert.equal(await resultOf(next), null);
    assert.deepEqual(await branchOf(lost), { ...beside, hash: hashOf(lost), status: 'valid-fork' });
    const [best] = await branches();
    const tip = hashOf(next);
    assert.deepEqual(await branchOf(next), {
      height: height + 1,
      branchlen: 0,
      forkpoint: tip,
      hash: tip,
      status: 'active',
    });
    assert.equal(best?.['hash'], tip, 'the highest comes first');
    const header = async (hash: string) => {
      const { confirmations, chainlock, nextblockhash } = await ask<Record<string, unknown>>(
        node(),
        'getblockheader',
        hash,
      );
      return { confirmations, chainlock, nextblockhash };
    };
    const none = { chainlock: false, nextblockhash: undefined };
    assert.deepEqual(await header(hashOf(lost)), { ...none, confirmations: -1 });
    assert.equal(await ask(node(), 'getblockhash', height), hashOf(winner));
    assert.deepEqual(await header(hashOf(winner)), { ...none, confirmations: 2, nextblockhash: tip });
    const { error } = await call(node(), 'getbestchainlock');
    assert.deepEqual(error, { code: -32603, message: 'Unable to find any ChainLock' });
  });

  it('says of transactions whether they are locked, and by its sporks whether anybody waits for that', async () => {
    const sporks = await ask<Record<string, unknown>>(node(), 'spork', 'active');
    assert.deepEqual(
      [sporks['SPORK_2_INSTANTSEND_ENABLED'], sporks['SPORK_3_INSTANTSEND_BLOCK_FILTERING']],
      [false, false],
    );
    const txid = 'ab'.repeat(32);
    assert.deepEqual(await ask(node(), 'getislocks', [txid, txid]), ['None', 'None']);
    assert.deepEqual(await ask(node(), 'getislocks', []), []);
    const many = await call(
      node(),
      'getislocks',
      Array.from({ length: 101 }, () => txid),
    );
    assert.deepEqual([many.error?.code, many.error?.message], [-8, 'Up to 100 txids only']);
    assert.ok(Array.isArray(await ask(node(), 'getrawmempool')));
    const entry = await call(node(), 'getmempoolentry', txid);
    assert.deepEqual([entry.error?.code, entry.error?.message], [-5, 'Transaction not in mempool']);
    const raw = await call(node(), 'getrawtransaction', txid);
    assert.equal(raw.error?.code, -5);
    assert.match(raw.error.message, /^No such mempool/);
  });

  it('has errors and statuses of its own kind', async () => {
    const refusal = async (body: string) => {
      const reply = await post(node(), body);
      assert.equal(reply.contentType, 'application/json');
      return { status: reply.status, ...JSON.parse(reply.body) };
    };
    const fault = (status: number, code: number, message: string, id: unknown) => {
      return { status, result: null, error: { code, message }, id };
    };
    assert.deepEqual(await refusal('{"method":"nope","id":7}'), fault(404, -32601, 'Method not found', 7));
    assert.deepEqual(await refusal('{"id":7}'), fault(400, -32600, 'Missing method', 7));
    assert.deepEqual(await refusal('{'), fault(500, -32700, 'Parse error', null));
    assert.deepEqual(await refusal('"x"'), fault(500, -32700, 'Top-level object parse error', null));
    const block = (hash: string) => refusal(JSON.stringify({ method: 'getblock', params: [hash], id: 1 }));
    assert.deepEqual(await block('ab'.repeat(32)), fault(500, -5, 'Block not found', 1));
    assert.deepEqual(await block('00'), fault(500, -8, "blockhash must be of length 64 (not 2, for '00')", 1));
    assert.deepEqual(
      await refusal('{"method":"getblockhash","params":[999999],"id":1}'),
      fault(500, -8, 'Block height out of range', 1),
    );
    const batch = JSON.parse((await post(node(), '[{"method":"getblockcount","id":1},{"method":"x","id":2}]')).body);
    assert.equal(batch.length, 2);
    assert.equal(batch[0].error, null);
    assert.equal(batch[1].error.code, -32601);
  });

  it('lets nobody in without the password', async () => {
    const body = '{"method":"getblockcount","id":1}';
    const stranger = await post(node(), body, 'user:wrong');
    assert.equal(stranger.status, 401);
    assert.equal(stranger.body, '');
    const anonymous = await fetch(node().rpcUrl, { method: 'POST', body });
    assert.equal(anonymous.status, 401);
    assert.equal(anonymous.headers.get('www-authenticate'), 'Basic realm="jsonrpc"');
    const get = await fetch(node().rpcUrl);
    assert.equal(get.status, 405);
    assert.equal(await get.text(), 'JSONRPC server handles only POST requests');
    const elsewhere = await fetch(`${node().rpcUrl}/foo`, { method: 'POST', body });
    assert.equal(elsewhere.status, 404);
    await elsewhere.text();
    await anonymous.text();
  });
}
