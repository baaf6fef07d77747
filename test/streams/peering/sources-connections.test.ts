import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { START } from '../../support/virtual-time.js';
import { answer, inTurn, later, UNREACHABLE } from '../dashd/fake-rpc.js';
import { Asked, HOUR, MINUTE, ONION, outbound, WARMING } from './sources-support.js';

describe("dashd's connections", () => {
  it('are read as their operator typed them, with the port of the network where none was given', async () => {
    const under = new Asked();
    const typed = [
      '10.0.0.2',
      'node.example.org',
      'Node.Example.org:10001',
      'fd00::1337',
      '[fd00::1338]',
      '[fd00::1]:9',
    ];
    under.rpc.replies.set('getpeerinfo', answer(typed.map((addr) => outbound(addr, { connection_type: 'manual' }))));
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('dashd'), [
      '10.0.0.2:9999',
      'node.example.org:9999',
      'node.example.org:10001',
      '[fd00::1337]:9999',
      '[fd00::1338]:9999',
      '[fd00::1]:9',
    ]);
  });

  it('lose what cannot be read of them, not themselves', async () => {
    const under = new Asked();
    const odd = { minping: -1, services: 'NETWORK', connection_type: 7 };
    under.rpc.replies.set(
      'getpeerinfo',
      answer([outbound('5.6.7.8:9999', odd), outbound('5.6.7.9', { minping: '1' })]),
    );
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('dashd'), ['5.6.7.8:9999', '5.6.7.9:9999']);
    assert.deepEqual(
      under.news.flatMap((news) => (news.type === 'heard' ? news.peers.map(({ known }) => known) : [])),
      [{}, { services: 0xc05n }],
    );
  });

  it('are distinguished from inbound ones by either field, and left out without both', async () => {
    const under = new Asked();
    under.rpc.replies.set(
      'getpeerinfo',
      answer([
        outbound('5.6.7.1:9999', { inbound: undefined }),
        outbound('5.6.7.2:9999', { inbound: undefined, connection_type: 'inbound' }),
        outbound('5.6.7.3:9999', { inbound: undefined, connection_type: undefined }),
      ]),
    );
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('dashd'), ['5.6.7.1:9999']);
  });

  it('are complained about when there are some and none can be read', async () => {
    const under = new Asked();
    under.rpc.replies.set('getpeerinfo', answer([outbound('?'), outbound('a b')]));
    under.begin();
    await under.time.pass(60_000);
    assert.deepEqual(under.faults, [
      'fault: no-address: dashd has 2 outbound peers, none of them with an address that can be read',
    ]);
  });

  it('are heard with what dashd knows of them', async () => {
    const under = new Asked();
    under.rpc.replies.set('getpeerinfo', answer([outbound('5.6.7.8:9999')]));
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.news, [
      {
        type: 'heard',
        source: 'dashd',
        peers: [
          {
            address: { host: '5.6.7.8', port: 9999, family: 'ipv4' },
            known: { services: 0xc05n, pingMs: 12.5 },
          },
        ],
      },
    ]);
    assert.deepEqual(under.rpc.calls[0], { method: 'getpeerinfo', params: [], at: 0 });
  });

  it('are heard whatever their network, in the one spelling', async () => {
    const under = new Asked();
    under.rpc.replies.set(
      'getpeerinfo',
      answer([
        outbound('[2001:DB8:0:0::1]:9999'),
        outbound('[::ffff:5.6.7.8]:9999'),
        outbound(`${ONION.toUpperCase()}:9999`, { network: 'onion' }),
      ]),
    );
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('dashd'), ['[2001:db8::1]:9999', '5.6.7.8:9999', `${ONION}:9999`]);
  });

  it('are not heard when they came in: the port is not one to be reached at', async () => {
    const under = new Asked();
    under.rpc.replies.set('getpeerinfo', answer([outbound('5.6.7.8:51234', { inbound: true })]));
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.news, []);
  });

  it('may lack services and ping', async () => {
    const under = new Asked();
    under.rpc.replies.set('getpeerinfo', answer([{ addr: '5.6.7.8:9999', inbound: false }]));
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(
      under.news.map((news) => news.type === 'heard' && news.peers.map(({ known }) => known)),
      [[{}]],
    );
  });

  it('cost the good entries nothing when others are garbage', async () => {
    const garbage = [
      null,
      7,
      'x',
      [],
      {},
      outbound(''),
      outbound('5.6.7.8?'),
      outbound('5.6.7.8:0'),
      outbound('5.6.7.8:65536'),
      outbound('5.6.7.8:-1'),
      outbound('[5.6.7.8]:9999'),
      outbound('2001:db8::1::9999'),
      outbound('127.1:9999'),
      outbound('ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p:0'),
      outbound('aaaa.onion:9999'),
      { ...outbound('1.2.3.4:9999'), addr: 5 },
    ];
    const under = new Asked();
    under.rpc.replies.set('getpeerinfo', answer([...garbage, outbound('5.6.7.8:9999'), ...garbage]));
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('dashd'), ['5.6.7.8:9999']);
    assert.deepEqual(under.faults, []);
  });

  it('are asked for again every ten seconds until a dashd that just started has some, then every ten minutes', async () => {
    const under = new Asked();
    under.rpc.replies.set(
      'getpeerinfo',
      inTurn(
        UNREACHABLE,
        WARMING,
        answer([]),
        answer([outbound('5.6.7.8:51234', { inbound: true })]),
        answer([outbound('5.6.7.8:9999')]),
        answer([]),
        UNREACHABLE,
        answer([outbound('5.6.7.9:9999')]),
      ),
    );
    under.begin();
    await under.time.pass(31 * MINUTE);
    assert.deepEqual(
      under.rpc.times('getpeerinfo').map((at) => at / 1_000),
      [0, 10, 20, 30, 40, 640, 1_240, 1_840],
    );
    assert.deepEqual(under.heard('dashd'), ['5.6.7.8:9999', '5.6.7.9:9999']);
    assert.deepEqual(under.faults, []);
  });

  it('are not asked for while dashd still thinks about the last time', async () => {
    const under = new Asked();
    const slow = later();
    under.rpc.replies.set('getpeerinfo', slow.answer);
    under.begin();
    await under.time.pass(HOUR);
    assert.equal(under.rpc.times('getpeerinfo').length, 1);
    slow.give(answer([outbound('5.6.7.8:9999')]));
    await under.time.pass(0);
    assert.deepEqual(under.heard('dashd'), ['5.6.7.8:9999']);
  });

  it('are complained about once when the answer is no list, and again after it was one', async () => {
    const under = new Asked();
    const list = answer([]);
    const replies = [answer(null), answer({}), answer('<html>'), answer(5), list, answer(null), answer(null)];
    under.rpc.replies.set('getpeerinfo', inTurn(...replies));
    under.begin();
    await under.time.pass(35_000);
    const fault = 'fault: not-understood: the answer to getpeerinfo is not what dashd 23 or 24 answers';
    assert.deepEqual(under.faults, [fault]);
    await under.time.pass(30_000);
    assert.deepEqual(under.faults, [fault, fault]);
    assert.deepEqual(
      under.news.map((news) => news.type === 'service' && [news.service, news.at]),
      [
        ['dashd-rpc', START],
        ['dashd-rpc', START + 50_000],
      ],
    );
  });
});
