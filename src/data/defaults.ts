import { dataSchema } from '../config/schema/data.js';

/** The defaults of the `data` section, for options that are given without a configuration. */
export const DATA_DEFAULTS = dataSchema.parse({});
