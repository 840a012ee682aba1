// Tables that are brought up to date in place: rows keep their elements, so
// that focus, selection and open menus survive the next state.  Of a long list
// only the first ones are in the page, until one asks for more.

import { el, unique } from '../dom.js';

const LISTED = 12;                  // rows, at first
const MORE = 100;                   // with each "Show more"

function looks({ number, wide, acts }) {
    return [number && 'number', wide && 'wide', acts && 'wide acts']
        .filter(Boolean).join(' ') || null;
}

// Columns have a head and text(item), or make(row), an element that is made once
// and brought up to date by update(element, item), and then text is what it is
// found by.  Options: key(item) tells rows apart, empty says that there are
// none, search is the label of a field that finds rows
export class Table {
    constructor(caption, columns, { key, empty, search }) {
        this.columns = columns;
        this.key = key;
        this.rows = new Map();
        this.list = [];
        this.most = LISTED;
        this.body = el('tbody');
        this.table = el('table', {},
            el('caption', { class: 'offscreen' }, caption),
            el('thead', {}, el('tr', {}, columns.map((column) =>
                el('th', { scope: 'col', class: looks(column) },
                    column.head)))),
            this.body);
        this.nothing = el('p', { class: 'empty' }, empty);
        this.noMatch = el('p', { class: 'empty', hidden: true },
            'Nothing matches.');
        this.more = el('button', { type: 'button', class: 'quiet small more',
            hidden: true, onclick: () => this.showMore() });
        this.rest = el('p', { class: 'hint rest', hidden: true },
            'There are more than the server has listed.');
        this.element = el('div', { class: 'table-block' },
            search ? this.finder(search) : null,
            el('div', { class: 'table' }, this.table), this.nothing,
            this.noMatch, this.more, this.rest);
    }

    finder(label) {
        const id = unique('find');
        this.find = el('input', { type: 'search', id, placeholder: label,
            autocomplete: 'off', spellcheck: 'false',
            oninput: () => this.show(this.list) });
        this.finding = el('div', { class: 'find', hidden: true },
            el('label', { class: 'offscreen', for: id }, label), this.find);
        return this.finding;
    }

    showMore() {
        const { length } = this.body.children;
        this.most += MORE;
        this.show(this.list);
        // to the first of the new ones: the button may be gone
        const [row] = [...this.body.children].slice(length);
        row?.querySelector('button:not([hidden]), select')?.focus();
    }

    matches(item, words) {
        const text = this.columns.map((column) => column.text?.(item) ?? '')
            .join(' ').toLowerCase();
        return words.every((word) => text.includes(word));
    }

    // The list, of which there is more than that, or not
    show(list, cut = this.cut) {
        this.list = list;
        this.cut = cut;
        if (this.finding) {
            this.finding.hidden = list.length <= LISTED && !this.find.value;
        }
        const words = (this.find?.value ?? '').toLowerCase().split(/\s+/)
            .filter(Boolean);
        const found = words.length
            ? list.filter((item) => this.matches(item, words)) : list;
        this.put(found.slice(0, this.most));
        this.table.hidden = !found.length;
        this.nothing.hidden = list.length > 0;
        this.noMatch.hidden = !list.length || found.length > 0;
        const left = found.length - this.most;
        this.more.hidden = left <= 0;
        this.more.textContent = `Show ${Math.min(left, MORE)} more of `
            + `${found.length}`;
        this.rest.hidden = !this.cut;
    }

    put(list) {
        const seen = new Set();
        let place = this.body.firstElementChild;
        for (const item of list) {
            const key = this.key(item);
            if (seen.has(key)) {
                continue;
            }
            seen.add(key);
            let row = this.rows.get(key);
            if (!row) {
                row = this.create(item);
                this.rows.set(key, row);
            }
            row.item = item;
            this.update(row);
            if (row.element === place) {
                place = place.nextElementSibling;
            } else {
                this.body.insertBefore(row.element, place);
            }
        }
        for (const [key, row] of this.rows) {
            if (!seen.has(key)) {
                row.element.remove();
                this.rows.delete(key);
            }
        }
    }

    // Cells of elements are made once, and get the row, whose item changes
    create(item) {
        const row = { item, shown: [] };
        row.cells = this.columns.map((column, i) => el(
            column.rowHead ? 'th' : 'td',
            { scope: column.rowHead ? 'row' : null, 'data-head': column.head,
                class: looks(column) },
            column.make ? row[`made${i}`] = column.make(row) : ''));
        row.element = el('tr', {}, row.cells);
        return row;
    }

    update(row) {
        this.columns.forEach((column, i) => {
            if (column.make) {
                column.update?.(row[`made${i}`], row.item);
                return;
            }
            const text = column.text(row.item);
            if (row.shown[i] !== text) {
                row.shown[i] = text;
                row.cells[i].textContent = text;
            }
        });
    }
}
