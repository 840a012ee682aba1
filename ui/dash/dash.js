// The dashboard: shows the state of the server as it changes, and acts on it.

import { bytes, el, fill } from '../dom.js';
import { themeButton } from '../theme.js';
import { Admin, Refused } from './api.js';
import { Chart } from './chart.js';
import { age, count, duration, rate } from './format.js';
import { History, failed, total } from './history.js';
import { Jobs, failures } from './jobs.js';
import { endpoints, queues, sessions, workers } from './tables.js';

const AGAIN = [500, 1000, 2000, 5000];  // ms, to come back to the server
const SLOW = 5000;                      // ms, between looks at what is no event
const SAID = 5000;                      // ms, how long a success is shown

const $ = (id) => document.getElementById(id);

function sum(list, of) {
    return total(list.map(of));
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

    show(value, note, bad = false) {
        this.value.textContent = value;
        this.note.textContent = note;
        this.element.classList.toggle('bad', bad);
    }
}

class App {
    constructor() {
        this.admin = new Admin($('admin').href);
        this.history = new History();
        this.attempts = 0;          // to come in
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
        $('sign-out').addEventListener('click', () => {
            this.admin.signOut();
            location.reload();
        });
        document.addEventListener('visibilitychange', () => {
            if (!document.hidden && this.status) {
                this.show(this.status);
            }
        });
        if (this.admin.signedIn) {
            this.enter();
        } else {
            $('door').hidden = false;
        }
    }

    build() {
        this.tiles = {};
        for (const [name, label] of [['queued', 'Waiting'],
            ['running', 'Running'], ['done', 'Done'], ['failed', 'Failed'],
            ['workers', 'Workers online'], ['memory', 'Memory']])
        {
            this.tiles[name] = new Tile(label, $('tiles'));
        }
        this.charts = [
            new Chart('Throughput', [
                { name: 'success', label: 'done', area: true },
                { name: 'failed', label: 'failed' }], rate, 1),
            new Chart('Jobs', [
                { name: 'running', label: 'running', area: true },
                { name: 'queued', label: 'waiting' }],
            (n) => count(Math.round(n * 10) / 10), 4),
            new Chart('Mean times', [
                { name: 'compute', label: 'computing', area: true },
                { name: 'queue', label: 'in the queue' }], duration, .1),
        ];
        fill($('charts'), this.charts.map((chart) => chart.element));
        this.jobs = new Jobs(this, $('job-tabs'), $('jobs'));
        this.queues = queues();
        this.workers = workers(this);
        this.endpoints = endpoints(this);
        this.sessions = sessions(this);
        this.failures = failures(this);
        for (const name of ['failures', 'queues', 'workers', 'endpoints',
            'sessions'])
        {
            fill($(name), this[name].element);
        }
        $('notice-close').addEventListener('click', () => {
            $('notice').hidden = true;
        });
        $('reset').addEventListener('click', () => this.ask({
            title: 'Reset all counters?', yes: 'Reset',
            text: 'Those of endpoints, job types and workers begin at 0. '
                + 'Prometheus takes that for a restart. The list of failures is '
                + 'emptied.',
        }, 'Counters reset', () => this.admin.post('counters/reset', {})));
        $('logout-all').addEventListener('click', () => this.ask({
            title: 'Log all sessions out?', yes: 'Log out all',
            text: 'All clients have to log in again; their jobs go on.',
        }, 'All sessions logged out', () =>
            this.admin.post('sessions/logout', { all: true })));
    }

    // -- who looks ------------------------------------------------------------

    // Who tries again before the server has answered wants to know only that
    async enter() {
        const attempt = ++this.attempts;
        let user, refused;
        $('sign-in-error').textContent = '';
        try {
            ({ user } = await this.admin.get(''));
        } catch (error) {
            refused = error;
        }
        if (attempt !== this.attempts) {
            return;
        }
        if (refused) {
            this.door(refused);
            return;
        }
        $('sign-out').hidden = !user;
        $('sign-out').title = user ? `Signed in as ${user}` : '';
        $('password').value = '';
        $('door').hidden = true;
        $('board').hidden = false;
        $('main').focus({ preventScroll: true });
        this.stay();
    }

    door({ status, message }) {
        const again = this.admin.signedIn && !$('password').value;
        $('board').hidden = true;
        $('door').hidden = false;
        this.status = undefined;
        this.live('off', '');
        if (status === 401) {
            this.admin.signOut();
        }
        $('sign-in-error').textContent =
            status === 401 ? again ? 'Please sign in again.'
                : 'Name or password is wrong.'
            : status === 403 ? 'Administration is switched off: the server '
                + 'refuses this address, or its server file has no password '
                + 'in [ADMIN].'
            : status === 404 ? 'There is no location with aime_api_admin at '
                + `${this.admin.base}.`
            : `${message}.`;
        $('password').focus();
    }

    // -- what is seen ---------------------------------------------------------

    // Watches, and comes back when the server ends the stream or goes away
    async stay() {
        for (let tries = 0; ; tries++) {
            try {
                await this.admin.watch((status) => {
                    tries = 0;
                    this.status = status;
                    this.live('on', 'Live');
                    this.history.add(status);
                    this.show(status);
                });
                tries = -1;
            } catch (error) {
                if (error.status === 401 || error.status === 403) {
                    this.door(error);
                    return;
                }
                this.live('off', 'Reconnecting …');
            }
            await new Promise((wake) => setTimeout(wake,
                AGAIN[Math.max(0, Math.min(tries, AGAIN.length - 1))]));
        }
    }

    live(state, text) {
        if ($('live').textContent !== text) {
            $('live').textContent = text;
        }
        $('live').dataset.state = state;
        $('board').dataset.state = state;
    }

    now() {
        return this.status?.time ?? Date.now() / 1000;
    }

    // The latest state, which may be one of a server that is gone meanwhile
    show(status) {
        // nobody looks: the numbers are kept, the rest can wait
        if (document.hidden) {
            return;
        }
        $('server').textContent = `nginx ${status.nginx}, module `
            + `${status.version}, up for `
            + age(status.time - status.zone.created_time);
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
        const lost = sum(status.endpoints, failed);
        const online = sum(types, ({ worker_states: of }) =>
            of.waiting + of.processing);
        const all = sum(types, (type) => type.workers.length);
        const queued = sum(types, (type) => type.jobs_queued);
        const done = sum(status.endpoints, (e) => e.jobs_finished.success);
        const used = 100 * status.zone.used / status.zone.size;
        tiles.queued.show(count(queued), queued ? 'oldest for '
            + age(Math.max(...types.map((type) => type.oldest_job_age)))
            : 'no job waits');
        const slots = sum(types, (type) => type.slots_free);
        tiles.running.show(count(sum(types, (type) => type.jobs_running)),
            slots === 1 ? '1 slot free' : `${count(slots)} slots free`);
        tiles.done.show(count(done),
            `${rate(this.history.latest('success'))} now`);
        tiles.failed.show(count(lost), done + lost
            ? `${(100 * lost / (done + lost)).toFixed(1)} % of all` : '–',
        this.history.latest('failed') > 0);
        tiles.workers.show(count(online), `of ${count(all)} known`,
            queued > 0 && online === 0);
        tiles.memory.show(used > 0 && used < .1 ? '< 0.1 %'
            : `${used.toFixed(used < 10 ? 1 : 0)} %`,
        `${bytes(status.zone.used)} of ${bytes(status.zone.size)}`, used > 85);
        this.jobs.counts(status);
        if (lost !== this.lost) {
            this.lost = lost;
            this.failuresDue = true;
        }
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
            ['Streams of progress', count(waiting.sse)],
            ['nginx processes', `${status.processes.length} of at most `
                + `${status.process_rows}: ${status.processes
                    .map(({ pid }) => pid).sort((a, b) => a - b).join(', ')}`],
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
        if (!this.status) {
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
                const slow = !(Date.now() - this.lastSlow < SLOW);
                // what a worker said of a job comes a little after its end
                if (slow || this.failuresDue) {
                    this.failuresDue = false;
                    this.failed = (await this.admin.get('failures')).failures;
                }
                this.failures.show(this.failed ?? []);
                if (slow) {
                    this.lastSlow = Date.now();
                    const answer = await this.admin.get('sessions');
                    this.sessions.show(answer.sessions);
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
            onclick: () => ask ? this.ask(ask(), about, act)
                : this.act(about, act),
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
        const acted = document.activeElement;
        try {
            await act();
            $('notice').hidden = true;
            this.say(done);
            this.lastSlow = undefined;
            this.failuresDue = true;
            await this.refresh();
        } catch (error) {
            if (!(error instanceof Refused)) {
                throw error;
            }
            $('notice-text').textContent = error.message;
            $('notice').hidden = false;
        }
        // what was acted on may be gone, with the button that had the focus
        if (acted && !acted.isConnected) {
            $('main').focus({ preventScroll: true });
        }
    }

    say(text) {
        clearTimeout(this.saying);
        $('said').textContent = text;
        this.saying = setTimeout(() => {
            $('said').textContent = '';
        }, SAID);
    }
}

new App().start();
