import { addon } from './addon.js';

/** What a device is: the name and facts of a card, the instruction set that libtorch takes on the CPU. `cuda` is the first card. */
export function describeDevice(device: string): string {
  const devices = addon().devices();
  const found =
    devices.find(({ name }) => name === device) ?? devices.find(({ name }) => name.startsWith(device));
  return found?.description ?? device;
}
