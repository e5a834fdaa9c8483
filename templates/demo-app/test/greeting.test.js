import assert from 'node:assert/strict';
import { test } from 'node:test';
import { greeting } from '../src/greeting.js';

test('greets by name', () => {
  assert.equal(greeting('ana'), 'Hello, Ana');
});

test('greets a stranger when no name is given', () => {
  assert.equal(greeting(undefined), 'Hello, stranger');
});
