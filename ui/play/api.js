// The routes of the server that this page comes from.  Keys travel in bodies
// and in the Authorization header, never in an address.

import { readEvents } from '../events.js';
import { json, parse } from './values.js';

// The API lies two folders above this page, also behind a proxy's prefix
export const BASE = new URL('../../', document.baseURI);

const CLIENT = 'AIME playground';
const SILENCE = 45000;              // ms; a stream has a comment every 15 s

// What the server refused: texts, status, seconds to wait
export class Refused extends Error {
    constructor(texts, status, retryAfter) {
        super(texts.join('\n'));
        this.texts = texts;
        this.status = status;
        this.retryAfter = retryAfter;
    }

    // The key is not good enough: a login says so with status 200
    get unauthorized() {
        return Boolean(this.answer) && [200, 401, 403].includes(this.status);
    }
}

function texts(answer, status) {
    const error = answer?.error ?? answer?.error_msg ?? answer?.msg;
    if (Array.isArray(error) && error.length) {
        return error.map(String);
    }
    if (error && typeof error === 'object') {
        return [String(error.message ?? json(error))];
    }
    return [error ? String(error) : `The server answered ${status}`];
}

// The decoded answer; throws what refuses, with the answer in it
async function call(route, { method = 'POST', body, key, query, signal } = {}) {
    const url = new URL(route.replace(/^\//, ''), BASE);
    for (const [name, value] of Object.entries(query ?? {})) {
        url.searchParams.set(name, typeof value === 'object' ? json(value)
            : value);
    }
    const headers = {};
    if (body !== undefined) {
        headers['Content-Type'] = 'application/json';
    }
    if (key) {
        headers.Authorization = `Bearer ${key}`;
    }
    let response, text;
    try {
        response = await fetch(url, {
            method, headers, signal, cache: 'no-store',
            body: body === undefined ? undefined : json(body),
        });
        text = await response.text();
    } catch (error) {
        if (error.name === 'AbortError') {
            throw error;
        }
        throw new Refused(['The server cannot be reached'], 0);
    }
    let answer;
    try {
        answer = parse(text);
    } catch {
        throw new Refused([`The server answered ${response.status}, and no `
            + 'JSON'], response.status);
    }
    if (!response.ok || answer.success === false) {
        const refused = new Refused(texts(answer, response.status),
            response.status, response.headers.get('Retry-After'));
        refused.answer = answer;
        throw refused;
    }
    return answer;
}

export function path(endpoint, route = '') {
    return `/${encodeURIComponent(endpoint)}${route}`;
}

export async function endpoints() {
    return (await call('/api/endpoints', { method: 'GET' })).endpoints;
}

export function details(endpoint) {
    return call(`/api/endpoints/${encodeURIComponent(endpoint)}`,
        { method: 'GET' });
}

// Throws Refused where no endpoint knows the key
export async function validate(key) {
    await call('/api/validate_key', { key });
}

export async function models(key) {
    return (await call('/v1/models', { method: 'GET', key })).data;
}

// Who the page acts for: a key, and the sessions it has logged in to.  Another
// key is another client, so a job keeps the one that it began with.
export class Client {
    constructor(user = '', key = '') {
        this.sessions = new Map();      // promises, by endpoint
        this.user = user;
        this.key = key;
    }

    // The one that this tab keeps
    static kept() {
        return new Client(sessionStorage.getItem('aime-user') ?? '',
            sessionStorage.getItem('aime-key') ?? '');
    }

    keep() {
        sessionStorage.setItem('aime-user', this.user);
        sessionStorage.setItem('aime-key', this.key);
    }

    // A session at an endpoint; throws Refused where the key is not good for
    // it.  Callers share one login, as a job belongs to the session it came by.
    login(endpoint) {
        let session = this.sessions.get(endpoint);
        if (!session) {
            session = this.newSession(endpoint);
            session.catch(() => this.forget(endpoint, session));
            this.sessions.set(endpoint, session);
        }
        return session;
    }

    // Another one may have come in its place
    forget(endpoint, session) {
        if (this.sessions.get(endpoint) === session) {
            this.sessions.delete(endpoint);
        }
    }

    async newSession(endpoint) {
        const query = { version: CLIENT };
        if (this.user) {
            query.user = this.user;
        }
        const answer = await call(path(endpoint, '/login'),
            { query, key: this.key });
        return answer.client_session_auth_key;
    }

    // A call that needs a session, which may have expired meanwhile
    async call(endpoint, route, document, options = {}) {
        for (let attempt = 0; ; attempt++) {
            const session = this.login(endpoint);
            const body = {
                ...document, client_session_auth_key: await session,
            };
            // what goes into an address has no secret, if that can be
            const query = this.key ? document : body;
            try {
                return await call(route, options.method === 'GET'
                    ? { ...options, query, key: this.key }
                    : { ...options, body });
            } catch (error) {
                if (error.status !== 401 || attempt) {
                    throw error;
                }
                this.forget(endpoint, session);
            }
        }
    }
}

// The events of a job: calls back with each one's data, until that gives true
// or the stream ends.  Nothing comes where the server has no stream for it.
export async function stream(jobId, session, onEvent, signal) {
    const request = async (own) => {
        const response = await fetch(new URL('stream_progress', BASE), {
            method: 'POST', signal: own, cache: 'no-store',
            headers: { 'Content-Type': 'application/json' },
            body: json({ job_id: jobId, client_session_auth_key: session }),
        });
        const type = response.headers.get('Content-Type') ?? '';
        return response.ok && type.startsWith('text/event-stream') ? response
            : null;
    };
    try {
        await readEvents(request, { silence: SILENCE, signal }, (lines) => {
            const data = lines.filter((line) => line.startsWith('data:'))
                .map((line) => line.slice(5)).join('\n');
            return data && onEvent(parse(data));
        });
    } catch {
        signal.throwIfAborted();
        // it broke off, or died
    }
}
