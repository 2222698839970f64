/** Numbers the whole numbers added to it 0, 1, 2, …: an open-addressing hash table, several times faster than Map. */
export class NumberTable {
  #keys = new Float64Array(64).fill(-1);
  #positions = new Int32Array(64);
  #mask = 63;
  /** The numbers in order of their positions. */
  readonly items: number[] = [];

  get size(): number {
    return this.items.length;
  }

  /** Adds a number of at least 0 unless it is there. @returns its position. */
  add(key: number): number {
    const slot = this.#slot(key);
    if (this.#keys[slot] === key) return this.#positions[slot]!;
    this.#keys[slot] = key;
    const position = this.items.push(key) - 1;
    this.#positions[slot] = position;
    if (2 * this.items.length > this.#mask) this.#grow();
    return position;
  }

  /** Position of a number that was added, or -1. */
  position(key: number): number {
    const slot = this.#slot(key);
    return this.#keys[slot] === key ? this.#positions[slot]! : -1;
  }

  /** Where `key` is, or the free slot where it would go. */
  #slot(key: number): number {
    const high = Math.floor(key / 4294967296);
    let slot = Math.imul(key ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
    slot = (slot ^ (slot >>> 15)) & this.#mask;
    while (this.#keys[slot] !== -1 && this.#keys[slot] !== key) slot = (slot + 1) & this.#mask;
    return slot;
  }

  #grow(): void {
    this.#mask = 2 * this.#mask + 1;
    this.#keys = new Float64Array(this.#mask + 1).fill(-1);
    this.#positions = new Int32Array(this.#mask + 1);
    this.items.forEach((key, position) => {
      const slot = this.#slot(key);
      this.#keys[slot] = key;
      this.#positions[slot] = position;
    });
  }
}
