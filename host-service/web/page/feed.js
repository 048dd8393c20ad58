// SPDX-License-Identifier: Apache-2.0
//
// Asks hypertierd for one document again and again, with the etag of what is known.

const TIMEOUT_MS = 10_000;

/** @typedef {{ kind: 'news', body: any } | { kind: 'same' } | { kind: 'gone' }} Answer */

export class Feed {
  constructor() {
    this.path = '';
    this.etag = '';
  }

  /**
   * Throws where hypertierd does not answer.
   * @param {string} path
   * @returns {Promise<Answer>}
   */
  async ask(path) {
    if (path !== this.path) {
      this.path = path;
      this.etag = '';
    }
    /** @type {Record<string, string>} */
    const headers = this.etag === '' ? {} : { 'If-None-Match': this.etag };
    const response = await fetch(path, { headers, cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.status === 304) return { kind: 'same' };
    if (response.status === 404) return { kind: 'gone' };
    if (!response.ok) throw new Error(`hypertierd answers ${response.status}`);
    const body = await response.json();
    this.etag = response.headers.get('ETag') ?? '';
    return { kind: 'news', body };
  }
}
