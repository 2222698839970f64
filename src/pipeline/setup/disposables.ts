/** Things to dispose together, last first: what DisposableStack is in later versions of Node. */
export class Disposables implements Disposable {
  #owned: Disposable[] = [];

  add<T extends Disposable>(resource: T): T {
    this.#owned.push(resource);
    return resource;
  }

  /** For native objects with a plain `dispose()`. */
  addAll(resources: readonly { dispose(): void }[]): void {
    for (const resource of resources) this.add({ [Symbol.dispose]: () => resource.dispose() });
  }

  /** Hands everything over to a new owner: disposing this one then does nothing. */
  move(): Disposables {
    const moved = new Disposables();
    moved.#owned = this.#owned;
    this.#owned = [];
    return moved;
  }

  [Symbol.dispose](): void {
    for (const resource of this.#owned.toReversed()) resource[Symbol.dispose]();
    this.#owned = [];
  }
}
