// Line charts as SVG, drawn anew with each state.  The numbers that a chart
// shows stand beside it as text, for who cannot see it.

import { el, fill } from '../dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 480;
const HEIGHT = 150;
const LEFT = 46;
const BOTTOM = 20;
const TOP = 8;
const RIGHT = 6;

function svg(name, attributes, text) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) {
        element.setAttribute(key, value);
    }
    if (text !== undefined) {
        element.textContent = text;
    }
    return element;
}

// A round number above the largest one
function ceiling(most) {
    if (most <= 0) {
        return 1;
    }
    const power = 10 ** Math.floor(Math.log10(most));
    return [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= most);
}

// Lines of {name, label, area}; format writes a value
export class Chart {
    constructor(title, lines, format) {
        this.lines = lines;
        this.format = format;
        this.picture = svg('svg', {
            viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'chart',
            'aria-hidden': 'true', preserveAspectRatio: 'none',
        });
        this.values = lines.map(() => el('strong', {}, '–'));
        this.element = el('figure', { class: 'card figure' },
            el('figcaption', { class: 'card-head' }, el('h2', {}, title),
                el('ul', { class: 'legend' }, lines.map((line, i) =>
                    el('li', { class: `line-${line.name}` },
                        el('span', { class: 'swatch', 'aria-hidden': 'true' }),
                        `${line.label} `, this.values[i])))),
            this.picture);
    }

    draw(points, span) {
        const end = points.at(-1)?.time ?? 0;
        const most = ceiling(Math.max(0, ...points.flatMap((point) =>
            this.lines.map(({ name }) => point[name] ?? 0))));
        const x = (time) => WIDTH - RIGHT
            - (end - time) / span * (WIDTH - LEFT - RIGHT);
        const y = (value) => TOP
            + (1 - value / most) * (HEIGHT - TOP - BOTTOM);
        fill(this.picture, this.axes(most, span, x, end, y),
            this.lines.flatMap((line) => this.path(line, points, x, y)));
        this.lines.forEach(({ name }, i) => {
            const value = points.at(-1)?.[name];
            this.values[i].textContent = value === null || value === undefined
                ? '–' : this.format(value);
        });
    }

    axes(most, span, x, end, y) {
        const grid = [0, .5, 1].flatMap((part) => [
            svg('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT,
                y1: y(part * most), y2: y(part * most) }),
            svg('text', { class: 'tick', x: LEFT - 6, y: y(part * most) + 4,
                'text-anchor': 'end' }, this.format(part * most)),
        ]);
        const times = [span, span / 2].map((ago) => svg('text', {
            class: 'tick', x: x(end - ago), y: HEIGHT - 5,
            'text-anchor': ago === span ? 'start' : 'middle',
        }, `−${Math.round(ago / 6) / 10} min`));
        return [...grid, ...times, svg('text', { class: 'tick',
            x: WIDTH - RIGHT, y: HEIGHT - 5, 'text-anchor': 'end' }, 'now')];
    }

    // Broken where there is no value
    path({ name, area }, points, x, y) {
        const parts = [];
        let part;
        for (const point of points) {
            const value = point[name];
            if (value === null || value === undefined) {
                part = undefined;
            } else {
                if (!part) {
                    parts.push(part = []);
                }
                part.push(`${x(point.time).toFixed(1)} `
                    + y(value).toFixed(1));
            }
        }
        return parts.flatMap((dots) => {
            const d = dots.length > 1 ? `M${dots.join('L')}`
                : `M${dots[0]}h.1`;
            const [first] = dots[0].split(' ');
            const [last] = dots.at(-1).split(' ');
            return [
                area && svg('path', { class: `area area-${name}`,
                    d: `${d}L${last} ${y(0)}L${first} ${y(0)}Z` }),
                svg('path', { class: `stroke stroke-${name}`, d }),
            ].filter(Boolean);
        });
    }
}
