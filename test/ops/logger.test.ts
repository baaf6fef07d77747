import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LogConfig } from '../../src/config/config.js';
import { LOG_LEVELS } from '../../src/contracts/log-levels.js';
import { closeLogger, createLogger, type Logger } from '../../src/ops/logger.js';
import { capture } from './capture.js';

async function logged(config: LogConfig, terminal: boolean, write: (logger: Logger) => void): Promise<string[]> {
  const output = capture(terminal);
  const logger = createLogger(config, output.stream);
  write(logger);
  await closeLogger(logger);
  output.stream.end();
  await new Promise((resolve) => output.stream.once('close', resolve));
  return output.lines();
}

describe('logger', () => {
  for (const [index, level] of LOG_LEVELS.entries()) {
    test(`at ${level} prints it and what is graver`, async () => {
      const lines = await logged({ level, format: 'json' }, false, (logger) => {
        for (const each of LOG_LEVELS) logger[each]('x');
      });
      const levels = lines.map((line) => (JSON.parse(line) as { level: string }).level);
      assert.deepEqual(levels, LOG_LEVELS.slice(0, index + 1));
    });
  }

  test('is JSON, a line each, where there is no terminal', async () => {
    const lines = await logged({ level: 'info', format: 'auto' }, false, (logger) => {
      logger.info('two\nlines', { event: { type: 'tip' } });
    });
    assert.equal(lines.length, 1);
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    assert.deepEqual(
      { ...line, timestamp: '' },
      { level: 'info', message: 'two\nlines', event: { type: 'tip' }, timestamp: '' },
    );
    assert.match(String(line['timestamp']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test('is pretty and coloured on a terminal', async () => {
    const lines = await logged({ level: 'info', format: 'auto' }, true, (logger) => logger.critical('gone'));
    assert.equal(lines.length, 1);
    const escaped = (lines[0] ?? '').replaceAll('\u001b', 'ESC');
    assert.match(escaped, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} ESC\[.*CRITICAL.*ESC\[.* gone$/);
  });

  test('has no colours in a file, even when it is to be pretty', async () => {
    const lines = await logged({ level: 'info', format: 'pretty' }, false, (logger) => logger.warn('hm'));
    assert.match(lines[0] ?? '', /^[\d: .-]+ WARN {5}hm$/);
  });

  test('is JSON on a terminal when configured so', async () => {
    const [line] = await logged({ level: 'info', format: 'json' }, true, (logger) => logger.info('x'));
    assert.equal((JSON.parse(line ?? '') as { message: string }).message, 'x');
  });

  test('lets nobody forge a line or steer the terminal', async () => {
    const lines = await logged({ level: 'info', format: 'pretty' }, false, (logger) => {
      logger.info('peer \u001b[2J\u202eevil\r\n2026-01-01 CRITICAL fake\u2028x');
    });
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /INFO {5}peer {2}\[2J evil 2026-01-01 CRITICAL fake x$/);
  });

  test('prints the stack of an error below it', async () => {
    const error = new Error('broken');
    const lines = await logged({ level: 'info', format: 'pretty' }, false, (logger) => {
      logger.error('a mistake', { stack: error.stack });
    });
    assert.match(lines[0] ?? '', /a mistake$/);
    assert.equal(lines.slice(1).join('\n'), error.stack);
  });
});
