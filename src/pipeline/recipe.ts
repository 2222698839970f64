import type { RetrainConfig, TrainConfig } from '../config/schema/train.js';
import { type Recipe, stepsOfEpochs } from '../train/recipe.js';

/** A section of the configuration as the recipe of a training, epochs counted in steps. */
export function recipeOf(section: TrainConfig | RetrainConfig, batchesPerEpoch: number): Recipe {
  const { epochs, accumulate } = section;
  const steps = epochs === null ? section.steps : stepsOfEpochs(epochs, batchesPerEpoch, accumulate);
  return { ...section, steps };
}
