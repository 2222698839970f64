import type { Recipe } from './recipe.js';

/** Steps whose losses are averaged, and after how many the average is looked at. */
const WINDOW = 50;
const AFTER = 200;
/** Of the loss of guessing. */
const LEARNED = 0.01;

/** A training that has learned nothing. */
export interface Stalled {
  /** Steps done, without the warm-up's. */
  steps: number;
  /** Mean of the last of them. */
  loss: number;
  /** ln(classes): the loss of giving every class the same probability. */
  chance: number;
  /** That of the recipe: by now the schedule may have lowered it. */
  learningRate: number;
  /** That it has already. */
  warmupSteps: number;
}

/**
 * Watches the first 200 steps after the warm-up: where the loss is then still that of guessing, the learning rate is
 * mostly too large for the batch, and the training would go on to its end without learning. Label smoothing does not
 * change the loss of guessing.
 */
export class StallWatch {
  #sum = 0;
  #count = 0;

  constructor(
    readonly classes: number,
    readonly recipe: Pick<Recipe, 'learningRate' | 'warmupSteps'>,
  ) {}

  /** @param step steps done, this one included. @returns what is wrong, once. */
  add(step: number, loss: number): Stalled | undefined {
    const { learningRate, warmupSteps } = this.recipe;
    const steps = step - warmupSteps;
    if (steps <= AFTER - WINDOW || steps > AFTER) return undefined;
    this.#sum += loss;
    this.#count++;
    if (steps < AFTER) return undefined;
    const mean = this.#sum / this.#count;
    const chance = Math.log(this.classes);
    if (mean < (1 - LEARNED) * chance) return undefined;
    return { steps, loss: mean, chance, learningRate, warmupSteps };
  }
}
