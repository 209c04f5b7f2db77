// Errors as RFC 9457 has them.

export class Problem extends Error {
  constructor(status, code, headers = {}) {
    super(code);
    Object.assign(this, { status, code, headers });
  }

  answer(call) {
    return {
      statusCode: this.status,
      headers: { 'content-type': 'application/problem+json', ...this.headers },
      body: JSON.stringify({ type: `urn:cartage:problem:${this.code}`, status: this.status, code: this.code, instance: call.id }),
    };
  }
}
