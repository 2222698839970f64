import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TicketOffice, takeTickets } from '../../src/distributed/tickets.js';
import { cutUnits } from '../../src/distributed/units.js';
import { memoryStore } from './memoryStore.js';

const rows = fc.uniqueArray(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 5, maxLength: 5 }), {
  selector: (row) => row.join(),
  minLength: 1,
  maxLength: 80,
});
const compare = (a: readonly number[], b: readonly number[]) => {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at === -1 ? 0 : a[at]! - b[at]!;
};

test('units hold every architecture once, in runs of neighbours, about as many as asked for', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 12 }), (unsorted, count) => {
      const sorted = unsorted.toSorted?.(compare) ?? [...unsorted].sort(compare);
      const units = cutUnits(sorted, count);
      assert.deepEqual([...units].sort((a, b) => compare(a[0]!, b[0]!)).flat(), sorted);
      assert.ok(units.length <= 2 * count, `${units.length} units for ${count}`);
    }),
  );
});

test('units are cut where little is shared', () => {
  const sorted = [0, 1, 2].flatMap((a) => [0, 1, 2, 3].map((b) => [a, 0, b]));
  const firsts = cutUnits(sorted, 3).map((unit) => [...new Set(unit.map(([a]) => a))]);
  assert.deepEqual(
    firsts.map((own) => own.length),
    [1, 1, 1],
  );
});

test('nothing to do is no unit', () => {
  assert.deepEqual(cutUnits([], 4), []);
});

const square = async (unit: number) => unit * unit;

test('ranks take units until there are none; results come in the order of the units', async () => {
  const store = memoryStore();
  let begin = (): void => {};
  const othersBegan = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const byTheOther = async (unit: number) => {
    begin();
    return unit * unit;
  };
  const helper = takeTickets({ store, rank: 1 }, byTheOther, { identity: { a: 1 }, timeout: 10 });
  {
    await using office = await TicketOffice.open({ store, worldSize: 2 }, { a: 1 });
    assert.deepEqual(await office.share([3, 1, 2], square), [9, 1, 4]);
    // Rank 0 ends no unit before the other rank has begun one, however late that is.
    const slow = async (unit: number) => {
      await othersBegan;
      return unit * unit;
    };
    const units = Array.from({ length: 40 }, (_, i) => i);
    assert.deepEqual(
      await office.share(units, slow),
      units.map((unit) => unit * unit),
    );
  }
  assert.ok((await helper) > 0, 'the other rank did some');
});

test('a unit of a rank that is lost is done again, whether it had said its name or not', async () => {
  const store = memoryStore();
  await using office = await TicketOffice.open({ store, worldSize: 1 }, {}, 0.2);
  const { id } = (await store.get<{ id: string }>('tickets'))!;
  const round = store.under(`tickets/${id}/1`);
  await round.add('next', 2); // two tickets are taken before rank 0 takes one
  await round.set('owner/1', 'nobody');
  assert.deepEqual(await office.share([3, 1, 2], square), [9, 1, 4]);
});

test('a rank that would compute something else is refused, and one that hears nothing gives up', async () => {
  const store = memoryStore();
  await using _ = await TicketOffice.open({ store, worldSize: 1 }, { weights: 'a' });
  const help = (identity: unknown, own = store) =>
    takeTickets({ store: own, rank: 2 }, square, { identity, timeout: 0.1 });
  await assert.rejects(help({ weights: 'b' }), {
    code: 'RANKS_DIFFER',
    message: /weights: "a" on rank 0, "b" on rank 2/,
  });
  await assert.rejects(help({}, memoryStore()), {
    code: 'RANK_LOST',
    message: /work from rank 0 within 0\.1 s/,
  });
});
