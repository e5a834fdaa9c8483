// Server-side apply and managedFields.
export { type ApplyRequest, type ApplyResult, applyServerSide } from './apply-server-side.ts';
export { keepManagedFieldsTimes } from './no-op.ts';
export { type ScaleFields, scaleManagedFields, scaleManagedFieldsToParent } from './scale.ts';
export { type TrackRequest, trackUpdate } from './track-update.ts';
