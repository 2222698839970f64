import type { ActivationNode } from '../types.js';
import { type OpDefinition, only } from './op.js';

export const activation: OpDefinition<ActivationNode> = { shape: only };
