// A run as people see it: state, place in the queue, bar, previews, outputs.

import { el, fill, icon, seconds } from '../dom.js';
import { forget } from './media.js';
import { jsonView, outputs } from './result.js';

const STATES = {
    submitting: 'Sending', queued: 'Queued', processing: 'Running',
    done: 'Done', canceled: 'Canceled', lapsed: 'Lapsed', failed: 'Failed',
    refused: 'Refused',
};
const TICK = 100;                   // ms, of the clock

export class RunView {
    // skip: outputs that are shown elsewhere
    constructor({ skip = [], onCancel }) {
        this.skip = skip;
        this.pill = el('span', { class: 'pill' });
        this.where = el('span', { class: 'where' });
        this.bar = el('progress', { max: 100, 'aria-label': 'Progress' });
        this.stats = el('dl', { class: 'stats' });
        this.live = el('p', { class: 'offscreen', role: 'status' });
        this.errors = el('div', { role: 'alert' });
        this.body = el('div', { class: 'outputs' });
        this.cancel = el('button', {
            type: 'button', class: 'quiet danger', id: 'cancel',
            onclick: onCancel,
        }, icon('stop'), 'Cancel');
        this.panel = el('div', { class: 'run', hidden: true },
            el('div', { class: 'run-head' }, this.pill, this.where,
                this.cancel),
            this.bar, this.stats, this.errors, this.body);
        this.empty = el('p', { class: 'empty' },
            'Nothing yet: the result shows up here, and how far it is.');
        this.element = el('div', { class: 'run-view' }, this.live, this.empty,
            this.panel);
    }

    reset() {
        clearInterval(this.clock);
        this.shownFor = undefined;
        this.panel.hidden = true;
        this.empty.hidden = false;
    }

    show(run) {
        this.empty.hidden = true;
        this.panel.hidden = false;
        if (this.run !== run) {
            this.begin(run);
        }
        this.head(run);
        if (run.active) {
            this.trouble(run);
            this.previews(run);
        } else if (this.shownFor !== run) {
            this.end(run);
        }
    }

    begin(run) {
        this.run = run;
        this.shownFor = this.seen = undefined;
        forget(this.body);
        fill(this.body);
        fill(this.errors);
        clearInterval(this.clock);
        this.clock = setInterval(() => this.head(run), TICK);
    }

    head(run) {
        const word = STATES[run.state] ?? run.state;
        if (this.pill.textContent !== word) {
            this.pill.textContent = word;
            this.pill.className = `pill ${run.state}`;
            this.live.textContent = `Job: ${word}`;
        }
        this.panel.dataset.state = run.state;
        this.cancel.hidden = !run.active;
        this.bar.hidden = !run.active && run.state !== 'done';
        if (run.state === 'processing' && run.progress <= 0
            || run.state === 'submitting')
        {
            this.bar.removeAttribute('value');
        } else {
            this.bar.value = Math.min(100, Math.max(0, run.progress));
        }
        this.where.textContent = run.state === 'processing'
            && run.progress > 0 ? `${Math.round(run.progress)} %`
            : run.state === 'queued' && run.position
                ? `number ${run.position} in the queue` : '';
        this.numbers(run);
    }

    numbers(run) {
        const pairs = run.started === undefined ? []
            : [['Elapsed', seconds(run.elapsed)]];
        if (run.active) {
            pairs.push(['Estimate', run.estimate >= 0
                ? `${seconds(run.estimate)} left` : 'unknown']);
            if (run.workers !== null) {
                pairs.push(['Workers online', String(run.workers)]);
            }
        } else if (run.result) {
            for (const [name, key] of [['Waited', 'pending_duration'],
                ['Computed', 'compute_duration']])
            {
                if (typeof run.result[key] === 'number') {
                    pairs.push([name, seconds(run.result[key])]);
                }
            }
            if (run.result.auth) {
                pairs.push(['Worker', run.result.auth]);
            }
        }
        // in place, or a reader's caret would be lost ten times a second
        while (this.stats.children.length > pairs.length) {
            this.stats.lastChild.remove();
        }
        pairs.forEach(([name, value], i) => {
            const pair = this.stats.children[i] ?? this.stats.appendChild(
                el('div', {}, el('dt', {}), el('dd', {})));
            pair.children[0].textContent = name;
            if (pair.children[1].textContent !== value) {
                pair.children[1].textContent = value;
            }
        });
    }

    // Said once, however often the rest changes
    trouble(run) {
        const text = run.away ?? run.trouble ?? '';
        if (this.errors.textContent !== text) {
            fill(this.errors, text && el('p', { class: 'errors' }, text));
        }
    }

    previews(run) {
        const now = JSON.stringify(run.data);
        if (now === this.seen || now === '{}') {
            return;
        }
        this.seen = now;
        forget(this.body);
        fill(this.body, outputs(run.data, 'preview', this.skip));
        this.body.classList.add('so-far');
    }

    end(run) {
        this.shownFor = run;
        clearInterval(this.clock);
        this.body.classList.remove('so-far');
        if (run.state !== 'canceled') {
            forget(this.body);
            fill(this.body);
        }
        fill(this.errors, run.errors.length > 0
            && el('div', { class: 'errors' },
                el('strong', {}, this.reason(run)),
                el('ul', {}, run.errors.map((text) => el('li', {}, text)))));
        if (run.result) {
            const stem = `${run.endpoint}-${run.jobId.slice(0, 8)}`;
            fill(this.body,
                run.result.error ? null
                    : outputs(run.result, stem, this.skip),
                el('details', { class: 'raw' },
                    el('summary', {}, 'The whole answer'),
                    jsonView(run.result, stem)));
        }
    }

    reason(run) {
        if (run.state === 'refused') {
            const again = run.retryAfter
                ? `, try again in ${run.retryAfter} s` : '';
            // a login is refused with status 200
            const status = run.status === 200 ? '' : ` (${run.status})`;
            return run.status ? `The server refused it${status}${again}`
                : 'It was not sent';
        }
        return run.state === 'lapsed' ? 'Nobody did it in time'
            : run.result ? 'The worker failed' : 'The job is lost';
    }
}
