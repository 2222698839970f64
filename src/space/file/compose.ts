import * as nn from '../../graph/build.js';
import { operations } from './operations.js';
import type { DetailedOperation, Operation } from './schema.js';
import type { Context } from './values.js';

/** Turns the operations of a space file into modules. @throws SinglePathError `INVALID_SPACE` for a missing gene. */
export function modulesOf(operations: readonly Operation[], context: Context): nn.Module[] {
  return operations.map((operation) =>
    typeof operation === 'string' ? plain(operation) : moduleOf(operation, context),
  );
}

const PLAIN: Record<Exclude<Extract<Operation, string>, nn.Activation>, () => nn.Module> = {
  batchNorm: () => nn.batchNorm(),
  averagePool: () => nn.averagePool(),
  identity: () => nn.identity,
};

function plain(operation: Extract<Operation, string>): nn.Module {
  return operation in PLAIN
    ? PLAIN[operation as keyof typeof PLAIN]()
    : nn.activation(operation as nn.Activation);
}

type Compositions = Exclude<keyof DetailedOperation, keyof typeof operations>;

const COMPOSE: {
  [Name in Compositions]: (options: NonNullable<DetailedOperation[Name]>, context: Context) => nn.Module;
} = {
  concat: (branches, context) =>
    nn.concat(...branches.map((branch) => nn.indexed(...modulesOf(branch, context)))),
  residual: ({ main, shortcut }, context) =>
    nn.residual(
      nn.sequential('main', ...modulesOf(main, context)),
      shortcut && nn.sequential('shortcut', ...modulesOf(shortcut, context)),
    ),
  sequential: ({ name, steps }, context) => nn.sequential(name, ...modulesOf(steps, context)),
};

function moduleOf(operation: DetailedOperation, context: Context): nn.Module {
  const [name, options] = Object.entries(operation)[0] as [keyof DetailedOperation, never];
  const build =
    name in operations ? operations[name as keyof typeof operations].build : COMPOSE[name as Compositions];
  return (build as (options: never, context: Context) => nn.Module)(options, context);
}
