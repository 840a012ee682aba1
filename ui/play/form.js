// A form out of an endpoint's description of its parameters.

import { el, fill, unique } from '../dom.js';
import { MediaField } from './media.js';
import { Numeral, literal, parse } from './values.js';

const IMPLICIT = ['client_session_auth_key', 'key', 'wait_for_result'];
const TYPES = { str: 'string', int: 'integer', boolean: 'bool' };
const MEDIA = ['image', 'audio', 'video'];
const LONG_NAME = /prompt|text|context|message|lyrics|caption|instruct/i;
const SLIDER_STEPS = 1000;

// The parameters that a client gives: [{name, type, rules}]
export function parameters(details) {
    const input = details.parameter_description?.input ?? {};
    return Object.entries(input)
        .filter(([name]) => !IMPLICIT.includes(name))
        .map(([name, rules]) => ({
            name, rules, type: TYPES[rules.type] ?? rules.type ?? 'string',
        }));
}

function bound(rules, long, short) {
    const value = rules[long] ?? rules[short];
    return value === undefined ? null : Number(value);
}

// What a parameter may be, in words
function hint({ type, rules }) {
    const words = [];
    const low = bound(rules, 'minimum', 'min');
    const high = bound(rules, 'maximum', 'max');
    if (low !== null && high !== null) {
        words.push(`${shown(low)} to ${shown(high)}`);
    } else if (low !== null) {
        words.push(`at least ${shown(low)}`);
    } else if (high !== null) {
        words.push(`at most ${shown(high)}`);
    }
    if (rules.align) {
        words.push(`step ${rules.align}`);
    }
    if (rules.max_length) {
        words.push(`up to ${rules.max_length} characters`);
    }
    if (rules.pattern) {
        words.push(`matches ${rules.pattern}`);
    }
    if (type === 'json') {
        words.push('JSON');
    }
    return words.join(', ');
}

function shown(number) {
    return Math.abs(number) >= 1e7 ? number.toExponential().replace('e+', 'e')
        : String(number);
}

// What all fields have: a label, a hint, a place for errors
class Field {
    constructor(parameter) {
        Object.assign(this, parameter);
        this.id = unique('field');
        this.given = this.rules.default;
        this.error = el('p', { class: 'field-error', id: `${this.id}-error` });
        this.hint = el('span', { class: 'hint', id: `${this.id}-hint` },
            this.rules.description ?? hint(this));
    }

    label(tag = 'label') {
        return el('div', { class: 'field-head' },
            el(tag, tag === 'label' ? { for: this.id } : {
                class: 'label', id: `${this.id}-label`,
            }, this.rules.title ?? this.name,
            this.rules.required ? el('abbr', {
                class: 'required', title: 'required',
            }, '*') : null), this.hint);
    }

    attributes() {
        return {
            id: this.id, name: this.name,
            'aria-describedby': `${this.id}-hint ${this.id}-error`,
            'aria-required': this.rules.required ? 'true' : null,
        };
    }

    build(...controls) {
        this.element = el('div', { class: `field ${this.type}` },
            this.label(), controls, this.error);
        return this;
    }

    // Texts that say what is wrong; an empty list takes them away
    setErrors(texts) {
        fill(this.error, texts.map((text) => el('span', {}, text)));
        this.element.classList.toggle('invalid', texts.length > 0);
        this.control.setAttribute('aria-invalid', String(texts.length > 0));
    }

    focus() {
        this.control.focus();
    }

    // What is wrong before anything is sent, if the page can tell
    check() {
        return this.rules.required && this.value() === undefined
            ? 'is required' : null;
    }
}

class TextField extends Field {
    constructor(parameter) {
        super(parameter);
        const most = this.rules.max_length ?? Infinity;
        const long = this.type !== 'string' || /\n/.test(this.given)
            || most > 100 && LONG_NAME.test(this.name);
        this.control = el(long ? 'textarea' : 'input', {
            ...this.attributes(), rows: long ? 4 : null,
            type: long ? null : 'text',
            spellcheck: this.type === 'json' ? 'false' : null,
        });
        this.start = this.text(this.given);
        this.control.value = this.start;
        this.build(this.control);
    }

    text(value) {
        return value === undefined ? '' : typeof value === 'string' ? value
            : literal(value, {});
    }

    // An empty text is a value, but where it stands for none
    value() {
        const text = this.control.value;
        if (text === this.start && !this.rules.required) {
            return undefined;
        }
        if (this.type !== 'string') {
            return text.trim() === '' ? undefined : this.decoded(text);
        }
        return text === '' && this.given === undefined ? undefined : text;
    }

    decoded(text) {
        if (this.type === 'text_context') {
            return text;
        }
        try {
            const value = parse(text, (number) =>
                String(Number(number)) !== number);
            return value && typeof value === 'object'
                && !(value instanceof Numeral) ? value : text;
        } catch {
            return text;
        }
    }

    check() {
        const text = this.control.value.trim();
        if (['json', 'chat_context'].includes(this.type) && text) {
            try {
                JSON.parse(text);
            } catch (error) {
                return `is no JSON: ${error.message}`;
            }
        }
        return super.check();
    }
}

// A slider beside the number where it has bounds; one of a wide range goes by
// ratios
class NumberField extends Field {
    constructor(parameter) {
        super(parameter);
        this.low = bound(this.rules, 'minimum', 'min');
        this.high = bound(this.rules, 'maximum', 'max');
        this.control = el('input', {
            ...this.attributes(), type: 'number', step: 'any',
            autocomplete: 'off', inputmode: 'decimal',
            placeholder: this.given === undefined ? 'none' : null,
            oninput: () => this.toSlider(),
        });
        this.start = this.given === undefined ? '' : String(this.given);
        this.control.value = this.start;
        const bounded = this.low !== null && this.high !== null
            && this.high > this.low;
        if (bounded) {
            this.slider = this.buildSlider();
            this.toSlider();
        }
        this.build(el('div', { class: bounded ? 'slide' : 'plain' },
            this.slider, this.control));
    }

    buildSlider() {
        this.ratio = this.low > 0 && this.high / this.low >= 1000;
        this.step = Number(this.rules.align) || (this.type === 'integer'
            ? Math.max(1, nice((this.high - this.low) / SLIDER_STEPS))
            : nice((this.high - this.low) / 200));
        return el('input', {
            type: 'range', 'aria-label': `${this.name}, slider`,
            min: this.ratio ? 0 : this.low,
            max: this.ratio ? SLIDER_STEPS : this.high,
            step: this.ratio ? 1 : this.step,
            oninput: () => this.fromSlider(),
        });
    }

    toSlider() {
        if (!this.slider) {
            return;
        }
        const number = Number(this.control.value || this.low);
        const place = this.ratio ? SLIDER_STEPS
            * Math.log(number / this.low) / Math.log(this.high / this.low)
            : number;
        if (Number.isFinite(place)) {
            this.slider.value = place;
        }
        this.slider.setAttribute('aria-valuetext', this.control.value);
    }

    fromSlider() {
        const place = Number(this.slider.value);
        let number = this.ratio ? this.low
            * (this.high / this.low) ** (place / SLIDER_STEPS) : place;
        if (this.ratio) {
            number = Number(number.toPrecision(3));
        }
        if (this.type === 'integer' || this.rules.align) {
            const unit = Number(this.rules.align) || 1;
            number = unit * Math.round(number / unit);
        }
        number = Math.min(Math.max(number, this.low), this.high);
        this.control.value = String(Number(number.toPrecision(12)));
        this.slider.setAttribute('aria-valuetext', this.control.value);
    }

    value() {
        const text = this.control.value.trim();
        if (text === '' || text === this.start && !this.rules.required) {
            return undefined;
        }
        return new Numeral(/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text)
            ? text : String(Number(text)));
    }

    check() {
        return this.control.validity.badInput ? 'is no number' : super.check();
    }
}

// The largest of 1, 2 and 5 times a power of ten that is not above a number
function nice(number) {
    const power = 10 ** Math.floor(Math.log10(number));
    const factor = [5, 2, 1].find((n) => n * power <= number * 1.000001) ?? 1;
    return Number((factor * power).toPrecision(6));
}

class SwitchField extends Field {
    constructor(parameter) {
        super(parameter);
        this.start = this.given === true;
        this.control = el('input', {
            ...this.attributes(), type: 'checkbox', role: 'switch',
        });
        this.control.checked = this.start;
        this.element = el('div', { class: 'field bool' },
            el('div', { class: 'switch' }, this.control, this.label()),
            this.error);
    }

    value() {
        return this.control.checked === this.start && !this.rules.required
            ? undefined : this.control.checked;
    }
}

class SelectField extends Field {
    constructor(parameter) {
        super(parameter);
        this.choices = [...this.rules.supported ?? []];
        if (this.given === undefined && !this.rules.required) {
            this.choices.unshift(undefined);
        }
        this.control = el('select', this.attributes(),
            this.choices.map((choice, i) => el('option', { value: i },
                choice === undefined ? '(none)' : String(choice))));
        this.start = Math.max(0, this.choices.indexOf(this.given));
        this.control.value = String(this.start);
        this.build(el('div', { class: 'select' }, this.control));
    }

    value() {
        const choice = this.choices[Number(this.control.value)];
        return Number(this.control.value) === this.start
            && !this.rules.required ? undefined : choice;
    }
}

function field(parameter) {
    if (MEDIA.includes(parameter.type)) {
        return new MediaField(parameter, Field);
    }
    switch (parameter.type) {
    case 'integer':
    case 'float':
        return new NumberField(parameter);
    case 'bool':
        return new SwitchField(parameter);
    case 'selection':
        return new SelectField(parameter);
    default:
        return new TextField(parameter);
    }
}

export class Form {
    // Fields of the parameters that keep() wants
    constructor(details, keep = () => true) {
        this.fields = parameters(details).filter(keep).map(field);
        this.element = el('div', { class: 'fields' },
            this.fields.map(({ element }) => element));
    }

    // The inputs that differ from what the server would take anyway
    inputs() {
        const inputs = {};
        for (const { name, value } of this.fields.map((one) =>
            ({ name: one.name, value: one.value() })))
        {
            if (value !== undefined) {
                inputs[name] = value;
            }
        }
        return inputs;
    }

    // Shows what is wrong as far as the page can tell; true when nothing is
    check() {
        const texts = this.fields.map((one) => one.check())
            .map((text, i) => text
                && `Parameter ${this.fields[i].name}: ${text}`)
            .filter(Boolean);
        this.show(texts);
        return texts;
    }

    // Puts texts of the server beside the fields that they name; the others
    show(texts) {
        const rest = [];
        const at = new Map(this.fields.map((one) => [one, []]));
        for (const text of texts) {
            const one = this.named(text);
            if (one) {
                at.get(one).push(text.replace(/^Parameter [^:]*?: /, '')
                    .replace(/^./, (c) => c.toUpperCase()));
            } else {
                rest.push(text);
            }
        }
        at.forEach((found, one) => one.setErrors(found));
        this.fields.find((one) => at.get(one).length)?.focus();
        return rest;
    }

    // Nobody sees it any more: what its fields hold is let go
    dispose() {
        this.fields.forEach((one) => one.dispose?.());
    }

    named(text) {
        return this.fields.find(({ name }) =>
            text.startsWith(`Parameter ${name}:`)
            || text.startsWith(`Parameter ${name},`));
    }
}
