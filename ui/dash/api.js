// The routes of aime_api_admin, and its stream of states.
//
// Name and password are kept in the tab, until it is closed or one signs out,
// and go with each request: the browser is told to send nothing of its own, so
// that it asks for nothing, and so that no other page can act with what it
// knows.

import { readEvents } from '../events.js';

const KEY = 'aime-admin';
const SILENCE = 15000;              // ms without a word: the stream is dead

export class Refused extends Error {
    constructor(text, status) {
        super(text);
        this.status = status;
    }
}

function basic(user, password) {
    const bytes = new TextEncoder().encode(`${user}:${password}`);
    return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

export class Admin {
    constructor(base) {
        this.base = base;
        this.credentials = sessionStorage.getItem(KEY);
    }

    get signedIn() {
        return this.credentials !== null;
    }

    signIn(user, password) {
        this.credentials = basic(user, password);
        sessionStorage.setItem(KEY, this.credentials);
    }

    signOut() {
        this.credentials = null;
        sessionStorage.removeItem(KEY);
    }

    async request(route, options = {}) {
        try {
            return await fetch(new URL(route, this.base), {
                credentials: 'omit', cache: 'no-store', ...options,
                headers: {
                    ...this.signedIn && { Authorization: this.credentials },
                    ...options.headers,
                },
            });
        } catch {
            throw new Refused('The server cannot be reached', 0);
        }
    }

    async call(route, options) {
        const response = await this.request(route, options);
        let answer;
        try {
            answer = await response.json();
        } catch {
            throw new Refused(`The server answered ${response.status}`,
                response.status);
        }
        if (!response.ok) {
            const error = answer.error ?? answer.msg;
            throw new Refused(Array.isArray(error) ? error.join('; ')
                : error ?? `The server answered ${response.status}`,
            response.status);
        }
        return answer;
    }

    get(route, query = {}) {
        const text = new URLSearchParams(query).toString();
        return this.call(text ? `${route}?${text}` : route);
    }

    post(route, document) {
        return this.call(route, {
            method: 'POST', body: JSON.stringify(document),
            headers: { 'Content-Type': 'application/json' },
        });
    }

    // Calls back with each state, until the stream ends
    async watch(onStatus) {
        const request = async (signal) => {
            const response = await this.request('events', { signal });
            if (!response.ok) {
                throw new Refused(`The server answered ${response.status}`,
                    response.status);
            }
            return response;
        };
        await readEvents(request, { silence: SILENCE }, ([event, data]) => {
            if (event === 'event: status') {
                onStatus(JSON.parse(data.replace(/^data: /, '')));
            }
        });
    }
}
