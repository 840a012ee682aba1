// The dashboard: shows the state of the server as it changes, and acts on it.

import { bytes, el, fill } from '../dom.js';
import { themeButton } from '../theme.js';
import { Admin, Refused } from './api.js';
import { Chart } from './chart.js';
import { count, duration, rate } from './format.js';
import { History } from './history.js';
import { Jobs } from './jobs.js';
import { endpoints, queues, sessions, workers } from './tables.js';

const AGAIN = [500, 1000, 2000, 5000];  // ms, to come back to the server
const SESSIONS = 20;                    // that are listed
const SLOW = 5000;                      // ms, between looks at what is no event

const $ = (id) => document.getElementById(id);

function sum(list, of) {
    return list.reduce((n, item) => n + of(item), 0);
}

function byName(list) {
    return [...list].sort((a, b) => a.name.localeCompare(b.name, 'en',
        { numeric: true }));
}

class Tile {
    constructor(label, list) {
        this.value = el('strong', {}, '–');
        this.note = el('span', { class: 'hint' });
        this.element = el('li', { class: 'card tile' },
            el('span', { class: 'tile-label' }, label), this.value, this.note);
        list.append(this.element);
    }

    show(value, note = '', bad = false) {
        this.value.textContent = value;
        this.note.textContent = note;
        this.element.classList.toggle('bad', bad);
    }
}

class App {
    constructor() {
        this.admin = new Admin($('admin').href);
        this.history = new History();
        this.failures = 0;
    }

    start() {
        themeButton($('theme'));
        this.build();
        $('sign-in').addEventListener('submit', (event) => {
            event.preventDefault();
            this.admin.signIn($('user').value, $('password').value);
            this.enter();
        });
        $('no-password').addEventListener('click', () => this.enter());
        $('sign-out').addEventListener('click', () => location.reload());
        $('door').hidden = false;
    }

    build() {
        this.tiles = {};
        for (const [name, label] of [['queued', 'Waiting'],
            ['running', 'Running'], ['rate', 'Done'], ['failed', 'Failed'],
            ['workers', 'Workers online'], ['memory', 'Memory']])
        {
            this.tiles[name] = new Tile(label, $('tiles'));
        }
        this.charts = [
            new Chart('Jobs per second', [
                { name: 'success', label: 'done', area: true },
                { name: 'failed', label: 'failed' }], rate),
            new Chart('Jobs', [
                { name: 'queued', label: 'waiting', area: true },
                { name: 'running', label: 'running' }],
            (n) => count(Math.round(n * 10) / 10)),
            new Chart('Time per job', [
                { name: 'queue', label: 'in the queue' },
                { name: 'compute', label: 'computing' }], duration),
        ];
        fill($('charts'), this.charts.map((chart) => chart.element));
        this.jobs = new Jobs(this, $('job-tabs'), $('jobs'));
        this.queues = queues();
        this.workers = workers(this);
        this.endpoints = endpoints(this);
        this.sessions = sessions(this);
        for (const name of ['queues', 'workers', 'endpoints', 'sessions']) {
            fill($(name), this[name].element);
        }
        $('reset').addEventListener('click', () => this.ask({
            title: 'Reset all counters?', yes: 'Reset',
            text: 'Those of endpoints, job types and workers begin at 0. '
                + 'Prometheus takes that for a restart.',
        }, 'Counters reset', () => this.admin.post('counters/reset', {})));
        $('logout-all').addEventListener('click', () => this.ask({
            title: 'Log all sessions out?', yes: 'Log out all',
            text: 'All clients have to log in again; their jobs go on.',
        }, 'All sessions logged out', () =>
            this.admin.post('sessions/logout', { all: true })));
    }

    // -- who looks ------------------------------------------------------------

    async enter() {
        $('sign-in-error').textContent = '';
        try {
            const { user } = await this.admin.get('');
            $('sign-out').hidden = !user;
            $('sign-out').title = user ? `Signed in as ${user}` : '';
        } catch (error) {
            this.door(error);
            return;
        }
        $('password').value = '';
        $('door').hidden = true;
        $('board').hidden = false;
        $('main').focus({ preventScroll: true });
        this.stay();
    }

    door({ status, message }) {
        $('board').hidden = true;
        $('door').hidden = false;
        this.live('off', '');
        $('sign-in-error').textContent = status === 401
            ? 'Name or password is wrong.'
            : status === 403 ? 'Administration is switched off: the server '
                + 'refuses this address, or its server file has no password '
                + 'in [ADMIN].'
                : `A location with aime_api_admin is expected at `
                    + `${this.admin.base}. ${message}.`;
        $('password').focus();
    }

    // -- what is seen ---------------------------------------------------------

    // Watches, and comes back when the server ends the stream or goes away
    async stay() {
        for (let failed = 0; ; failed++) {
            try {
                await this.admin.watch((status) => {
                    failed = 0;
                    this.show(status);
                });
                failed = -1;
            } catch (error) {
                if (error.status === 401 || error.status === 403) {
                    this.door(error);
                    return;
                }
                this.live('off', 'Reconnecting …');
            }
            await new Promise((wake) => setTimeout(wake,
                AGAIN[Math.max(0, Math.min(failed, AGAIN.length - 1))]));
        }
    }

    live(state, text) {
        if ($('live').textContent !== text) {
            $('live').textContent = text;
        }
        $('live').dataset.state = state;
    }

    now() {
        return this.status?.time ?? Date.now() / 1000;
    }

    show(status) {
        this.status = status;
        this.live('on', 'Live');
        this.history.add(status);
        $('server').textContent = `nginx ${status.nginx}, module `
            + `${status.version}, up for `
            + duration(Math.round(status.time - status.zone.created_time));
        this.showNumbers(status);
        for (const chart of this.charts) {
            chart.draw(this.history.points, this.history.span);
        }
        const types = byName(status.job_types);
        this.queues.show(types);
        this.workers.show(types.flatMap((type) => byName(type.workers).map(
            (worker) => ({ ...worker, job_type: type.name }))));
        this.endpoints.show(byName(status.endpoints));
        this.showMemory(status);
        this.refresh();
    }

    showNumbers(status) {
        const { tiles } = this;
        const types = status.job_types;
        const failed = sum(status.endpoints, ({ jobs_finished: of }) =>
            of.error + of.expired + of.timeout + of.worker_lost);
        const online = sum(types, ({ worker_states: of }) =>
            of.waiting + of.processing);
        const all = sum(types, (type) => type.workers.length);
        const queued = sum(types, (type) => type.jobs_queued);
        const used = status.zone.used / status.zone.size;
        tiles.queued.show(count(queued), queued ? 'oldest '
            + duration(Math.max(...types.map((t) => t.oldest_job_age))) : '');
        tiles.running.show(count(sum(types, (type) => type.jobs_running)),
            `${count(sum(types, (type) => type.slots_free))} slots free`);
        tiles.rate.show(rate(this.history.rate('success')),
            `${count(sum(status.endpoints, (e) => e.jobs_finished.success))} `
            + 'in all');
        tiles.failed.show(count(failed),
            `${rate(this.history.rate('failed'))} now`,
            this.history.rate('failed') > 0);
        tiles.workers.show(`${online} of ${all}`, '',
            queued > 0 && online === 0);
        tiles.memory.show(`${(100 * used).toFixed(used < .1 ? 1 : 0)} %`,
            `of ${bytes(status.zone.size)}`, used > .85);
        this.jobs.counts(status, failed);
    }

    showMemory({ zone, waiting_requests: waiting, ...status }) {
        const facts = [
            ['Zone', `${zone.name}: ${bytes(zone.used)} of `
                + `${bytes(zone.size)}`],
            ['Jobs in it', count(zone.jobs)],
            ['Client sessions', count(zone.client_sessions)],
            ['Sessions of variables', count(zone.variable_sessions)],
            ['Repairs', count(zone.repairs)],
            ['Parked polls', count(waiting.longpoll)],
            ['Waiting clients', count(waiting.sync)],
            ['Streams', count(waiting.sse)],
            ['nginx processes', status.processes.map(({ pid }) => pid)
                .sort((a, b) => a - b).join(', ')],
        ];
        const list = $('memory');
        if (!list.children.length) {
            fill(list, facts.map(([name]) => [el('dt', {}, name), el('dd')]));
        }
        facts.forEach(([, value], i) => {
            const place = list.children[2 * i + 1];
            if (place.textContent !== value) {
                place.textContent = value;
            }
        });
    }

    // What is no part of the stream, at most one look at a time
    async refresh() {
        if (!this.status || document.hidden) {
            return;
        }
        if (this.looking) {
            this.again = true;
            return;
        }
        this.looking = true;
        try {
            do {
                this.again = false;
                await this.jobs.load();
                if (!(Date.now() - this.lastSlow < SLOW)) {
                    this.lastSlow = Date.now();
                    const answer = await this.admin.get('sessions');
                    this.sessions.show(answer.sessions.slice(0, SESSIONS));
                }
            } while (this.again);
        } catch (error) {
            if (!(error instanceof Refused)) {
                throw error;
            }
            // the stream tells whether the server is there
        } finally {
            this.looking = false;
        }
    }

    // -- what is done ---------------------------------------------------------

    // A button that acts, after a question where there is one to ask
    button(label, { about, danger, ask, act }) {
        return el('button', {
            type: 'button', class: danger ? 'small danger quiet' : 'small quiet',
            'aria-label': about, title: about,
            onclick: () => ask ? this.ask(ask(), `${about}: done`, act)
                : this.act(`${about}: done`, act),
        }, label);
    }

    ask({ title, text, yes }, done, act) {
        $('ask-title').textContent = title;
        $('ask-text').textContent = text;
        $('ask-yes').textContent = yes;
        $('ask').returnValue = 'no';
        $('ask').addEventListener('close', () => {
            if ($('ask').returnValue === 'yes') {
                this.act(done, act);
            }
        }, { once: true });
        $('ask').showModal();
    }

    async act(done, act) {
        try {
            await act();
            $('notice').hidden = true;
            $('said').textContent = done;
            this.lastSlow = undefined;
            await this.refresh();
        } catch (error) {
            $('notice').textContent = error.message;
            $('notice').hidden = false;
        }
    }
}

new App().start();
