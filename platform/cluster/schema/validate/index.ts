// Validation of custom resources against their structural schema.
export { validateSchema } from './validate-schema.ts';
