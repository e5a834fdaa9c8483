// The one feature of this service: it greets people by name.

/** @param {string | undefined} name as it comes from the query; undefined when it was not given */
export function greeting(name) {
  if (name === undefined) return 'Hello, stranger';
  const first = name[0].toUpperCase();
  return `Hello, ${first}${name.slice(1)}`;
}
