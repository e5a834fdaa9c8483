// Plain-text answers.
import type { ApiResponse } from '../request-context.ts';

export const text = (body: string, status = 200): ApiResponse => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body,
});

/** What Go's mux says to a path that nothing serves. */
export const pageNotFound = (): ApiResponse => ({
  status: 404,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  body: '404 page not found\n',
});
